#pragma once
#include <vector>

#include <fanin/init/nonlinearity.hpp>

namespace fanin::init {

/// What a wide layer makes of the correlation c of two signals of variance q: C(c) = (σw² E[f(u) f(v)] + σb²) / V(q)
/// for normal u and v of variance q and correlation c (Poole et al. 2016), as the power series Σ σw² aₖ² cᵏ over f's
/// coefficients in Hermite polynomials. Convex on [0, 1], where C(1) = 1.
class CorrelationMap {
 public:
  /// Of a layer of that σw and σb, for signals of variance q.
  CorrelationMap(const Nonlinearity& f, double sigma_w, double sigma_b, double q);
  double operator()(double c) const;  ///< C(c), 0 ≤ c ≤ 1
  double slope(double c) const;       ///< C'(c), 0 ≤ c < 1
  /// The fixed point c* below 1, the stable one, which there is where C'(1) = σw² q E[f'(√q z)²] / V(q) is above 1;
  /// else 1.
  double fixed_point() const;

 private:
  std::vector<double> share_;  // of cᵏ, k = 0, 1, …; their sum is 1
};

}  // namespace fanin::init
