#pragma once
#include <span>

namespace fanin::statistics {

/// The least-squares line through (0, y₀), (1, y₁), …
struct LinearFit {
  double slope, intercept;  ///< y ≈ intercept + slope · x
  double r2;                ///< share of the spread it explains; 1 where there is none
};
/// The line that fits `values` best; Error for fewer than two values, or one that is not finite.
LinearFit linear_fit(std::span<const double> values);

/// By which factor a positive quantity changes from one layer to the next.
struct GeometricFit {
  double factor;  ///< exp of the slope of its logarithm
  double r2;      ///< of the line through the logarithms
};
/// Fits the logarithms by `linear_fit`. Error for fewer than two values, or one that is not positive and
/// finite: a signal that vanished has no rate.
GeometricFit geometric_fit(std::span<const double> values);

}  // namespace fanin::statistics
