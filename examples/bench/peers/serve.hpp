// What the peers in C++ share: the clock, the answers of a program that measures once for every line of stdin,
// and samples that can be learned.
#pragma once
#include <algorithm>
#include <chrono>
#include <iostream>
#include <string>

/// A pixel of an image of class `label`: noise on a pattern that is the class's own, so that a loss can fall.
inline float pixel_of(int label, int pixel, float noise) {
  return noise + ((pixel * 7 + label * 31) % 10 == 0 ? 2.0f : 0.0f);
}

/// samples() trains on some samples and says on how many; prints samples/s over `seconds` for each line of
/// stdin, or, for the line `loss`, what loss() says of samples that stay the same.
template <class Samples, class Loss>
void serve(double seconds, Samples samples, Loss loss) {
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
  bool warm = false;
  for (std::string line; std::getline(std::cin, line);) {
    if (line == "loss") {
      std::cout << loss() << std::endl;
      continue;
    }
    if (!warm) measure(std::min(1.0, seconds));
    warm = true;
    std::cout << measure(seconds) << std::endl;
  }
}
