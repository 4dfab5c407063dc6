#include <algorithm>
#include <cmath>
#include <limits>

#include <fanin/start/solve_scale.hpp>

namespace fanin::start {

std::optional<double> solve_scale(double target, double tolerance,
                                  const std::function<double(double)>& second_moment) {
  constexpr double widest = 9.2103403719761836;  // ln 1e4
  constexpr int most_calls = 60;
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  // In logarithms: of the factor x, and of the second moment over the target y.
  double low = -widest, high = widest, x = 0, x_before = none, y_before = none;
  for (int call = 0; call < most_calls; ++call) {
    const double moment = second_moment(std::exp(x));
    if (std::isfinite(moment) && std::abs(moment - target) <= tolerance * target) return std::exp(x);
    const double y = moment > 0 ? std::log(moment / target) : -50;
    (y < 0 ? low : high) = x;
    if (high - low < 1e-12) return std::nullopt;
    // A first step as of a function that multiplies, then secants; brackets where those leave them.
    const double slope = std::isnan(x_before) ? 2 : (y - y_before) / (x - x_before);
    x_before = x, y_before = y;
    double next = slope > 0.02 && std::isfinite(y) ? x - y / slope : none;
    next = std::clamp(next, x - 3, x + 3);
    x = next > low && next < high ? next : (low + high) / 2;
  }
  return std::nullopt;
}

}  // namespace fanin::start
