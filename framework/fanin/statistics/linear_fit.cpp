#include <cmath>
#include <vector>

#include <fanin/core/fail.hpp>
#include <fanin/statistics/linear_fit.hpp>

namespace fanin::statistics {

LinearFit linear_fit(std::span<const double> values) {
  if (values.size() < 2) fail("linear fit: needs at least two values, got {}", values.size());
  const auto n = static_cast<double>(values.size());
  double mean = 0;
  for (const double y : values) {
    if (!std::isfinite(y)) fail("linear fit: {} is not finite", y);
    mean += y / n;
  }
  double xx = 0, xy = 0, yy = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double x = static_cast<double>(i) - (n - 1) / 2, y = values[i] - mean;
    xx += x * x;
    xy += x * y;
    yy += y * y;
  }
  const double slope = xy / xx;
  return {.slope = slope, .intercept = mean - slope * (n - 1) / 2, .r2 = yy > 0 ? xy * xy / (xx * yy) : 1};
}

GeometricFit geometric_fit(std::span<const double> values) {
  std::vector<double> logarithms;
  for (const double value : values) {
    if (!(value > 0) || !std::isfinite(value))
      fail("geometric fit: every value must be positive and finite, got {}", value);
    logarithms.push_back(std::log(value));
  }
  const LinearFit line = linear_fit(logarithms);
  return {.factor = std::exp(line.slope), .r2 = line.r2};
}

}  // namespace fanin::statistics
