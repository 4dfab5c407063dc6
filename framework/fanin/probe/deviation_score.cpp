#include <algorithm>
#include <cmath>
#include <limits>

#include <fanin/core/moments.hpp>
#include <fanin/probe/deviation_score.hpp>

namespace fanin::probe {

double deviation_score(std::span<const real> values, double target) {
  if (values.size() < 2) return 0;
  const auto n = static_cast<double>(values.size());
  const auto [mean, std] = moments(values);
  if (!std::isfinite(std)) return std::numeric_limits<double>::infinity();
  const double rounding = 1e-6 * (std::abs(mean) + target);
  if (std::abs(std - target) <= rounding) return 0;
  if (!(target > 0)) return std::numeric_limits<double>::infinity();
  double fourth = 0;
  for (const real value : values) {
    const double d = (static_cast<double>(value) - mean) / target;
    fourth += d * d * d * d;
  }
  const double ratio = std / target;
  const double kurtosis = ratio > 0 ? fourth / n / (ratio * ratio * ratio * ratio) : 3;
  return std::abs(ratio - 1) / std::sqrt((std::max(kurtosis, 3.0) - 1) / (4 * n));
}

}  // namespace fanin::probe
