#include <algorithm>

#include <fanin/kernels/pointwise/elementwise.hpp>
#include <fanin/kernels/reduce/reduce.hpp>

#define FANIN_KERNEL_SOURCE <fanin/kernels/reduce/reduce.cpp>
#include <fanin/kernels/simd/for_each_isa.inl>

#ifdef FANIN_VECTOR_BYTES  // for each instruction set
#include <fanin/kernels/simd/vector.inl>

namespace {

constexpr int wide = 8;  // sums side by side: for every instruction set, so that all give the same bits

typedef double Doubles __attribute__((vector_size(FANIN_VECTOR_BYTES)));
constexpr int at_once = FANIN_VECTOR_BYTES / static_cast<int>(sizeof(double)), parts = wide / at_once;
typedef real SomeReals __attribute__((vector_size(at_once * sizeof(real)), aligned(sizeof(real)), may_alias));

FANIN_INLINE Doubles load_doubles(const real* p) {
  return __builtin_convertvector(*reinterpret_cast<const SomeReals*>(p), Doubles);
}

/// Eight sums in registers, and then of the last few elements: element i goes to sum i mod 8.
struct Sums {
  Doubles part[parts] = {};

  /// The total, after `last(j)` is added to sum j for each of `rest` < 8 elements.
  template <class Last>
  FANIN_INLINE double total(Index rest, Last last) const {
    double sum[wide];
    unroll<parts>([&](auto k)
                      FANIN_LAMBDA { __builtin_memcpy(sum + k * at_once, &part[k], sizeof part[k]); });
    for (Index j = 0; j < rest; ++j) sum[j] += last(j);
    return ((sum[0] + sum[4]) + (sum[1] + sum[5])) + ((sum[2] + sum[6]) + (sum[3] + sum[7]));
  }
};

/// body(k, i) for each part k of every eight elements, i being where the part's lie; returns how many were not
/// reached.
template <class Body>
FANIN_INLINE Index each_eight(Index n, Body body) {
  Index i = 0;
  for (; i + wide <= n; i += wide) unroll<parts>([&](auto k) FANIN_LAMBDA { body(k, i + k * at_once); });
  return n - i;
}

}  // namespace

double sum(Index n, const real* x) {
  Sums sums;
  const Index rest =
      each_eight(n, [&](auto k, Index i) FANIN_LAMBDA { sums.part[k] += load_doubles(x + i); });
  const real* last = x + n - rest;
  return sums.total(rest, [=](Index j) FANIN_LAMBDA { return static_cast<double>(last[j]); });
}

double sum_of_squares(Index n, const real* x, real center) {
  const double c = static_cast<double>(center);
  Sums sums;
  const Index rest = each_eight(n, [&](auto k, Index i) FANIN_LAMBDA {
    const Doubles d = load_doubles(x + i) - c;
    sums.part[k] += d * d;
  });
  const real* last = x + n - rest;
  return sums.total(rest, [=](Index j) FANIN_LAMBDA {
    const double d = static_cast<double>(last[j]) - c;
    return d * d;
  });
}

namespace {

/// Σ g and Σ g·(x - center), where g(i) are at_once terms from element i on, and one(i) is that of element i.
template <class G, class One>
FANIN_INLINE SumAndDot sums_of(Index n, const real* x, real center, G g, One one) {
  const double c = static_cast<double>(center);
  Sums total, dot;
  const Index rest = each_eight(n, [&](auto k, Index i) FANIN_LAMBDA {
    const Doubles some = g(i);
    total.part[k] += some;
    dot.part[k] += some * (load_doubles(x + i) - c);
  });
  const Index last = n - rest;
  return {total.total(rest, [=](Index j) FANIN_LAMBDA { return one(last + j); }),
          dot.total(rest, [=](Index j) FANIN_LAMBDA {
            return one(last + j) * (static_cast<double>(x[last + j]) - c);
          })};
}

}  // namespace

SumAndDot sum_and_dot(Index n, const real* g, const real* x, real center) {
  return sums_of(
      n, x, center, [=](Index i) FANIN_LAMBDA { return load_doubles(g + i); },
      [=](Index i) FANIN_LAMBDA { return static_cast<double>(g[i]); });
}

SumAndDot weighted_sum_and_dot(Index n, const real* weight, const real* g, const real* x, real center) {
  return sums_of(
      n, x, center, [=](Index i) FANIN_LAMBDA { return load_doubles(g + i) * load_doubles(weight + i); },
      [=](Index i) FANIN_LAMBDA { return static_cast<double>(g[i]) * static_cast<double>(weight[i]); });
}

double dot_of_negative(Index n, const real* g, const real* x) {
  Sums sums;
  const Index rest = each_eight(n, [&](auto k, Index i) FANIN_LAMBDA {
    const Doubles v = load_doubles(x + i);
    sums.part[k] += v > 0.0 ? Doubles{} : load_doubles(g + i) * v;
  });
  const real *last_x = x + n - rest, *last_g = g + n - rest;
  return sums.total(rest, [=](Index j) FANIN_LAMBDA {
    const double v = static_cast<double>(last_x[j]);
    return v > 0 ? 0.0 : static_cast<double>(last_g[j]) * v;
  });
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
