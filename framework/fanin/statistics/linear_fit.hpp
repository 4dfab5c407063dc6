#pragma once
#include <span>

namespace fanin::statistics {

/// The least-squares line through (0, y₀), (1, y₁), …
struct LinearFit {
  double slope, intercept;
  double r2;  ///< share of the spread it explains; 1 where there is none
};
/// Error for fewer than two values, or one that is not finite.
LinearFit linear_fit(std::span<const double> values);

/// By which factor a positive quantity changes from one layer to the next: exp of the slope of its logarithm.
/// Error for values that are not positive and finite: a signal that vanished has no rate.
struct GeometricFit {
  double factor;
  double r2;  ///< of the line through the logarithms
};
GeometricFit geometric_fit(std::span<const double> values);

}  // namespace fanin::statistics
