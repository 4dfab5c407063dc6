#include "framework/kernels/reduce.hpp"

#include <algorithm>

namespace fanin::kernels {
namespace {

constexpr Index lanes = 8;

template <class F>
double gather(Index n, F term) {
  double lane[lanes] = {};
  Index i = 0;
  for (; i + lanes <= n; i += lanes) {
    for (Index j = 0; j < lanes; ++j) lane[j] += term(i + j);
  }
  for (Index j = 0; i + j < n; ++j) lane[j] += term(i + j);
  return ((lane[0] + lane[4]) + (lane[1] + lane[5])) + ((lane[2] + lane[6]) + (lane[3] + lane[7]));
}

}  // namespace

double sum(Index n, const real* x) {
  return gather(n, [x](Index i) { return static_cast<double>(x[i]); });
}

double sum_of_squares(Index n, const real* x, real center) {
  return gather(n, [x, center](Index i) {
    const double d = static_cast<double>(x[i] - center);
    return d * d;
  });
}

double centered_dot(Index n, const real* g, const real* x, real center) {
  return gather(
      n, [g, x, center](Index i) { return static_cast<double>(g[i]) * static_cast<double>(x[i] - center); });
}

void sum_along(Index outer, Index n, Index inner, real scale, const real* x, real* y, bool accumulate) {
  if (!accumulate) std::fill_n(y, outer * inner, real(0));
  for (Index o = 0; o < outer; ++o, y += inner) {
    if (inner == 1) {
      *y += static_cast<real>(static_cast<double>(scale) * sum(n, x + o * n));
      continue;
    }
    for (Index k = 0; k < n; ++k) {
      const real* row = x + (o * n + k) * inner;
      for (Index i = 0; i < inner; ++i) y[i] += scale * row[i];
    }
  }
}

void spread_along(Index outer, Index n, Index inner, real scale, const real* y, real* x, bool accumulate) {
  for (Index o = 0; o < outer; ++o, y += inner) {
    for (Index k = 0; k < n; ++k, x += inner) {
      if (accumulate) {
        for (Index i = 0; i < inner; ++i) x[i] += scale * y[i];
      } else {
        for (Index i = 0; i < inner; ++i) x[i] = scale * y[i];
      }
    }
  }
}

}  // namespace fanin::kernels
