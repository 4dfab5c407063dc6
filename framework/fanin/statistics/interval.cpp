#include <algorithm>
#include <cmath>

#include <boost/math/distributions/beta.hpp>

#include <fanin/core/fail.hpp>
#include <fanin/statistics/interval.hpp>
#include <fanin/statistics/statistics.hpp>

namespace fanin::statistics {

Interval mean_interval(std::span<const double> values, double level, Interval possible) {
  const double spread = sample_std(values);
  if (!(spread > 0)) return {};
  const auto n = static_cast<double>(values.size());
  const double center = mean(values);
  const double half = student_t_quantile((1 + level) / 2, n - 1) * spread / std::sqrt(n);
  return {std::max(possible.low, center - half), std::min(possible.high, center + half)};
}

Interval share_interval(double successes, int trials, double level) {
  if (!(successes >= 0 && successes <= trials))
    fail("share_interval: {} of {} trials cannot succeed", successes, trials);
  if (trials == 0) return {};
  const double tail = (1 - level) / 2, failures = trials - successes;
  const auto limit = [](double a, double b, double probability) {
    return quantile(boost::math::beta_distribution<double>(a, b), probability);
  };
  return {successes > 0 ? limit(successes, failures + 1, tail) : 0,
          failures > 0 ? limit(successes + 1, failures, 1 - tail) : 1};
}

}  // namespace fanin::statistics
