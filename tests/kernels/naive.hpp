#pragma once
#include <doctest/doctest.h>

#include <cmath>
#include <random>
#include <vector>

#include <fanin/core/parallel.hpp>
#include <fanin/kernels/simd/isa.hpp>

namespace fanin::naive {

using Numbers = std::vector<real>;

inline Numbers random_numbers(Index n, unsigned seed, real low = -1, real high = 1) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<real> draw(low, high);
  Numbers numbers(static_cast<std::size_t>(n));
  for (auto& number : numbers) number = draw(engine);
  return numbers;
}

/// Largest |a - b| / max(1, |b|); a NaN on one side only counts as infinite.
inline double difference(const Numbers& a, const Numbers& b) {
  REQUIRE(a.size() == b.size());
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double left = static_cast<double>(a[i]), right = static_cast<double>(b[i]);
    if (std::isnan(left) != std::isnan(right)) return HUGE_VAL;
    if (left == right || std::isnan(left)) continue;
    worst = std::max(worst, std::abs(left - right) / std::max(1.0, std::abs(right)));
  }
  return worst;
}

/// Runs the body on every instruction set this CPU has, and with 1 and 2 threads.
template <class Body>
void on_every_isa(Body body) {
  for (const auto widest : {kernels::Isa::baseline, kernels::Isa::avx2, kernels::Isa::avx512}) {
    kernels::limit_isa(widest);
    body();
  }
  kernels::limit_isa(kernels::Isa::avx512);
}

/// The output of `compute(out)` with 1 thread, after checking that 2 threads give the same bits.
template <class Compute>
Numbers same_on_two_threads(const Numbers& initial, Compute compute) {
  Numbers one = initial, two = initial;
  set_threads(1);
  compute(one.data());
  set_threads(2);
  compute(two.data());
  set_threads(1);
  CHECK(one == two);
  return one;
}

}  // namespace fanin::naive
