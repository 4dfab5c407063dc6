#include <algorithm>

#include <fanin/kernels/pointwise/elementwise.hpp>
#include <fanin/kernels/reduce/reduce.hpp>

// A vector wider than the instruction set's own is returned by functions that are always inlined: no ABI is
// involved.
#pragma GCC diagnostic ignored "-Wpsabi"
#define FANIN_KERNEL_SOURCE <fanin/kernels/reduce/reduce.cpp>
#include <fanin/kernels/simd/for_each_isa.inl>

#ifdef FANIN_VECTOR_BYTES  // for each instruction set
#include <fanin/kernels/simd/vector.inl>

namespace {

constexpr int wide = 8;  // for every instruction set, so that all give the same bits
typedef double Wide __attribute__((vector_size(wide * sizeof(double))));
typedef real UnalignedWide
    __attribute__((vector_size(wide * sizeof(real)), aligned(sizeof(real)), may_alias));

FANIN_INLINE Wide load_wide(const real* p) {
  return __builtin_convertvector(*reinterpret_cast<const UnalignedWide*>(p), Wide);
}

FANIN_INLINE double sum_wide(const Wide& v) {
  return ((v[0] + v[4]) + (v[1] + v[5])) + ((v[2] + v[6]) + (v[3] + v[7]));
}

}  // namespace

double sum(Index n, const real* x) {
  Wide total = {};
  Index i = 0;
  for (; i + wide <= n; i += wide) total += load_wide(x + i);
  for (Index j = 0; i + j < n; ++j) total[j] += static_cast<double>(x[i + j]);
  return sum_wide(total);
}

double sum_of_squares(Index n, const real* x, real center) {
  const double c = static_cast<double>(center);
  Wide total = {};
  Index i = 0;
  for (; i + wide <= n; i += wide) {
    const Wide d = load_wide(x + i) - c;
    total += d * d;
  }
  for (Index j = 0; i + j < n; ++j) {
    const double d = static_cast<double>(x[i + j]) - c;
    total[j] += d * d;
  }
  return sum_wide(total);
}

SumAndDot sum_and_dot(Index n, const real* g, const real* x, real center) {
  const double c = static_cast<double>(center);
  Wide total = {}, dot = {};
  Index i = 0;
  for (; i + wide <= n; i += wide) {
    const Wide some = load_wide(g + i);
    total += some;
    dot += some * (load_wide(x + i) - c);
  }
  for (Index j = 0; i + j < n; ++j) {
    const double one = static_cast<double>(g[i + j]);
    total[j] += one;
    dot[j] += one * (static_cast<double>(x[i + j]) - c);
  }
  return {sum_wide(total), sum_wide(dot)};
}

SumAndDot weighted_sum_and_dot(Index n, const real* weight, const real* g, const real* x, real center) {
  const double c = static_cast<double>(center);
  Wide total = {}, dot = {};
  Index i = 0;
  for (; i + wide <= n; i += wide) {
    const Wide some = load_wide(g + i) * load_wide(weight + i);
    total += some;
    dot += some * (load_wide(x + i) - c);
  }
  for (Index j = 0; i + j < n; ++j) {
    const double one = static_cast<double>(g[i + j]) * static_cast<double>(weight[i + j]);
    total[j] += one;
    dot[j] += one * (static_cast<double>(x[i + j]) - c);
  }
  return {sum_wide(total), sum_wide(dot)};
}

double dot_of_negative(Index n, const real* g, const real* x) {
  Wide total = {};
  Index i = 0;
  for (; i + wide <= n; i += wide) {
    const Wide v = load_wide(x + i);
    total += v > 0.0 ? Wide{} : load_wide(g + i) * v;
  }
  for (Index j = 0; i + j < n; ++j) {
    const double v = static_cast<double>(x[i + j]);
    total[j] += v > 0 ? 0.0 : static_cast<double>(g[i + j]) * v;
  }
  return sum_wide(total);
}

#else  // once

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

#endif
