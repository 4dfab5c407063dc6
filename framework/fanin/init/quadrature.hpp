#pragma once
#include <functional>
#include <vector>

namespace fanin::init {

/// A rule of numerical integration: ∫ f ≈ Σ wᵢ f(xᵢ).
struct Quadrature {
  std::vector<double> nodes, weights;  ///< x and w, one w for each x
};

/// ∫ f(z) φ(z) dz ≈ Σ w f(x) for the standard normal density φ; exact for polynomials up to degree 2n - 1.
/// `n` even.
Quadrature gauss_hermite(int n);
/// ∫ f over [-1, 1]; exact for polynomials up to degree 2n - 1.
Quadrature gauss_legendre(int n);

/// E[f(z)], z ~ N(0, 1), to about 1e-12: Gauss–Hermite where two orders agree (smooth f, and f that is
/// homogeneous on each side of 0, as ReLU), else Gauss–Legendre on panels a quarter wide, which kinks at
/// multiples of 1/4 do not disturb, or narrower ones until two widths agree. Error where f is not finite.
double gaussian_mean(const std::function<double(double)>& f);

}  // namespace fanin::init
