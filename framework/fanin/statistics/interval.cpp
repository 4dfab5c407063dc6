#include <algorithm>
#include <cmath>

#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/normal.hpp>

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

Interval wilson_interval(double successes, int trials, double level) {
  if (!(successes >= 0 && successes <= trials))
    fail("wilson_interval: {} of {} trials cannot succeed", successes, trials);
  if (trials == 0) return {};
  const double z = quantile(boost::math::normal_distribution<double>(), (1 + level) / 2);
  const double n = trials, share = successes / n;
  const double center = (share + z * z / (2 * n)) / (1 + z * z / n);
  const double half = z / (1 + z * z / n) * std::sqrt(share * (1 - share) / n + z * z / (4 * n * n));
  return {successes > 0 ? center - half : 0, successes < trials ? center + half : 1};
}

}  // namespace fanin::statistics
