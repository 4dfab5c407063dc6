// What the peers in C++ share: the clock and the answers of a program that measures once for every line of
// stdin.
#pragma once
#include <algorithm>
#include <chrono>
#include <iostream>
#include <string>

/// samples() trains on some samples and says on how many; prints samples/s over `seconds` for each line of
/// stdin.
template <class Samples>
void serve(double seconds, Samples samples) {
  const auto measure = [&](double limit) {
    using Clock = std::chrono::steady_clock;
    const auto start = Clock::now();
    double elapsed = 0;
    long total = 0;
    while (elapsed < limit) {
      total += samples();
      elapsed = std::chrono::duration<double>(Clock::now() - start).count();
    }
    return static_cast<double>(total) / elapsed;
  };
  measure(std::min(1.0, seconds));
  for (std::string line; std::getline(std::cin, line);) std::cout << measure(seconds) << std::endl;
}
