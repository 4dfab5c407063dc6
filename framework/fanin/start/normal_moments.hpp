#pragma once
#include <functional>
#include <vector>

#include <fanin/core/tensor.hpp>

namespace fanin::start {

/// A function of one number, on all elements of a tensor of any shape.
using Pointwise = std::function<Tensor(const Tensor&)>;

/// Mean and second moment.
struct MomentPair {
  double mean = 0;    ///< E of it
  double second = 0;  ///< E of its square
};

/// Of f(μ + σ z), z ~ N(0, 1): to 1e-5 for a function with kinks.
MomentPair moments_of(const Pointwise& f, double mean, double deviation);
/// Of the largest of n such numbers whose pairs have correlation r, in [0, 1].
MomentPair moments_of_maximum(const Pointwise& f, double mean, double deviation, double r, Index n);
/// E[f(μ + σ z) hₖ(z)] over normalized Hermite polynomials hₖ, k = 0, 1, …: for two normals of correlation r,
/// Cov(f(u), g(v)) = Σ_{k ≥ 1} aₖ bₖ rᵏ.
std::vector<double> hermite_coefficients(const Pointwise& f, double mean, double deviation);
/// That sum, of two lists of coefficients.
double covariance(const std::vector<double>& a, const std::vector<double>& b, double r);

/// Calls `moments(mean, deviation)` for each pair of elements of `mean` and `variance`, once for equal ones, and
/// writes what it gives over them.
void by_element(Tensor& mean, Tensor& variance, const std::function<MomentPair(double, double)>& moments);

}  // namespace fanin::start
