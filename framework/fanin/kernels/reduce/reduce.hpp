#pragma once
#include <fanin/core/real.hpp>

namespace fanin::kernels {

/// Sums are gathered in double, in eight lanes of fixed order: the same bits on every machine and thread
/// count.
double sum(Index n, const real* x);
/// sum of (x - center)².
double sum_of_squares(Index n, const real* x, real center);

struct SumAndDot {
  double sum, dot;
};
/// sum of g, and of g · (x - center).
SumAndDot sum_and_dot(Index n, const real* g, const real* x, real center);
/// The same with weight · g for g.
SumAndDot weighted_sum_and_dot(Index n, const real* weight, const real* g, const real* x, real center);

/// sum of g · x over the elements where x is not above 0.
double dot_of_negative(Index n, const real* g, const real* x);

/// y (+)= scale · x summed along the middle of [outer, n, inner]; y is [outer, inner].
void sum_along(Index outer, Index n, Index inner, real scale, const real* x, real* y, bool accumulate);
/// The reverse: x[outer, n, inner] (+)= scale · y[outer, inner] at each of n places.
void spread_along(Index outer, Index n, Index inner, real scale, const real* y, real* x, bool accumulate);

}  // namespace fanin::kernels
