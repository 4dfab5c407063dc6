#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <boost/math/distributions/students_t.hpp>

#include <fanin/core/fail.hpp>
#include <fanin/statistics/statistics.hpp>

namespace fanin::statistics {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// What it cannot tell is NaN, as everywhere here, not an exception.
using Quiet =
    boost::math::policies::policy<boost::math::policies::domain_error<boost::math::policies::ignore_error>,
                                  boost::math::policies::overflow_error<boost::math::policies::ignore_error>>;
using StudentT = boost::math::students_t_distribution<double, Quiet>;

}  // namespace

double mean(std::span<const double> values) {
  if (values.empty()) return nan;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double sample_std(std::span<const double> values) {
  if (values.size() < 2) return nan;
  // Equal values have no spread, whatever the rounding of their mean.
  if (std::all_of(values.begin(), values.end(), [&](double v) { return v == values[0]; })) return 0;
  const double center = mean(values);
  double squares = 0;
  for (double v : values) squares += (v - center) * (v - center);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

double median(std::span<const double> values) {
  if (values.empty()) return nan;
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  const std::size_t middle = sorted.size() / 2;
  if (sorted.size() % 2 == 1) return sorted[middle];
  const double low = sorted[middle - 1];
  const double high = sorted[middle];
  return low == high ? low : low + (high - low) / 2;
}

double student_t_cdf(double t, double freedom) { return cdf(StudentT(freedom), t); }

double student_t_quantile(double probability, double freedom) {
  return probability > 0 && probability < 1 ? quantile(StudentT(freedom), probability) : nan;
}

PairedTest paired_test(std::span<const double> differences, double level, Interval possible) {
  PairedTest test{mean(differences), mean_interval(differences, level, possible), nan};
  if (differences.size() < 2) return test;
  const auto n = static_cast<double>(differences.size());
  const double error = sample_std(differences) / std::sqrt(n);
  if (test.difference == 0) {
    test.p_value = 1;
  } else if (error > 0) {
    test.p_value = 2 * student_t_cdf(-std::abs(test.difference) / error, n - 1);
  } else {
    test.p_value = std::pow(0.5, n - 1);
  }
  return test;
}

double equivalence_p(std::span<const double> differences, double margin) {
  if (!(margin > 0)) fail("equivalence: the margin must be positive, got {}", margin);
  const double spread = sample_std(differences);
  if (!(spread > 0)) return nan;
  const auto n = static_cast<double>(differences.size());
  // The test against the nearer end of the margin is the one with the larger p.
  return student_t_cdf((std::abs(mean(differences)) - margin) * std::sqrt(n) / spread, n - 1);
}

std::vector<double> holm(std::span<const double> p_values) {
  std::vector<double> adjusted(p_values.begin(), p_values.end());
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < p_values.size(); ++i) {
    if (!std::isnan(p_values[i])) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return p_values[a] < p_values[b]; });
  double running = 0;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    const auto remaining = static_cast<double>(order.size() - rank);
    running = std::max(running, std::min(1.0, remaining * p_values[order[rank]]));
    adjusted[order[rank]] = running;
  }
  return adjusted;
}

}  // namespace fanin::statistics
