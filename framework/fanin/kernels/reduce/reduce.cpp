#include <algorithm>

#include <fanin/kernels/pointwise/elementwise.hpp>
#include <fanin/kernels/reduce/reduce.hpp>

// A vector wider than the instruction set's own is returned by functions that are always inlined: no ABI is
// involved.
#pragma GCC diagnostic ignored "-Wpsabi"
#define FANIN_KERNEL_SOURCE <fanin/kernels/reduce/reduce.inl>
#include <fanin/kernels/simd/for_each_isa.inl>

namespace fanin::kernels {

double sum(Index n, const real* x) { return FANIN_BY_ISA(sum(n, x)); }

double sum_of_squares(Index n, const real* x, real center) {
  return FANIN_BY_ISA(sum_of_squares(n, x, center));
}

SumAndDot sum_and_dot(Index n, const real* g, const real* x, real center) {
  return FANIN_BY_ISA(sum_and_dot(n, g, x, center));
}

SumAndDot weighted_sum_and_dot(Index n, const real* weight, const real* g, const real* x, real center) {
  return FANIN_BY_ISA(weighted_sum_and_dot(n, weight, g, x, center));
}

double dot_of_negative(Index n, const real* g, const real* x) {
  return FANIN_BY_ISA(dot_of_negative(n, g, x));
}

void sum_along(Index outer, Index n, Index inner, real scale, const real* x, real* y, bool accumulate) {
  if (!accumulate) std::fill_n(y, outer * inner, real(0));
  for (Index o = 0; o < outer; ++o, y += inner) {
    if (inner == 1) {
      *y += static_cast<real>(static_cast<double>(scale) * sum(n, x + o * n));
      continue;
    }
    for (Index k = 0; k < n; ++k) scaled(inner, scale, x + (o * n + k) * inner, y, true);
  }
}

void spread_along(Index outer, Index n, Index inner, real scale, const real* y, real* x, bool accumulate) {
  for (Index o = 0; o < outer; ++o, y += inner) {
    if (inner == 1) {
      const real value = scale * *y;
      real* row = x + o * n;
      if (!accumulate) std::fill_n(row, n, value);
      for (Index k = 0; accumulate && k < n; ++k) row[k] += value;
      continue;
    }
    for (Index k = 0; k < n; ++k) scaled(inner, scale, y, x + (o * n + k) * inner, accumulate);
  }
}

}  // namespace fanin::kernels
