#pragma once
#include <functional>
#include <vector>

namespace fanin::init {

/// A rule of numerical integration: ∫ f ≈ Σ wᵢ f(xᵢ).
struct Quadrature {
  std::vector<double> nodes, weights;  ///< x and w, one w for each x
};

/// ∫ f over [-1, 1] with nodes at both ends; exact for polynomials up to degree 2n - 3. n ≥ 2.
Quadrature gauss_lobatto(int n);

/// A rule for E[f(z)], z ~ N(0, 1), and the means of other functions with the kinks and jumps of f: Gauss–Lobatto
/// on panels that are narrower towards 0, each halved until its halves agree with it to 1e-15 of E|f|. A kink or a
/// jump is thereby cornered wherever it is; what may be missed is a feature narrower than a hundredth of its
/// distance from 0. A mean of |f| below 1e-250 is taken for 0. Error where f is not finite, or grows so fast that its
/// mean does not lie within 38 deviations.
Quadrature gaussian_rule(const std::function<double(double)>& f);

/// E[f(z)], z ~ N(0, 1), by `gaussian_rule` of f: to 1e-13 of E|f|.
double gaussian_mean(const std::function<double(double)>& f);

}  // namespace fanin::init
