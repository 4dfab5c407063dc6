#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <fanin/statistics/statistics.hpp>

namespace fanin::statistics {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// Continued fraction of the incomplete beta function (Numerical Recipes §6.4, modified Lentz).
double beta_fraction(double a, double b, double x) {
  constexpr double tiny = 1e-300;
  auto guard = [](double v) { return std::abs(v) < tiny ? tiny : v; };
  double c = 1;
  double d = 1 / guard(1 - (a + b) * x / (a + 1));
  double result = d;
  for (int m = 1; m <= 500; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / guard(1 + even * d);
    c = guard(1 + even / c);
    result *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / guard(1 + odd * d);
    c = guard(1 + odd / c);
    const double change = d * c;
    result *= change;
    if (std::abs(change - 1) < 1e-15) break;
  }
  return result;
}

/// Regularized incomplete beta I_x(a, b); `y` is 1 − x, passed apart so that neither loses its digits.
double incomplete_beta(double a, double b, double x, double y) {
  if (x <= 0) return 0;
  if (y <= 0) return 1;
  const double front =
      std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log(y));
  if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
  return 1 - front * beta_fraction(b, a, y) / b;
}

/// P(|T| > t) for t ≥ 0.
double two_sided_tail(double t, double freedom) {
  if (std::isinf(t)) return 0;
  const double square = t * t;
  return incomplete_beta(freedom / 2, 0.5, freedom / (freedom + square), square / (freedom + square));
}

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

double student_t_cdf(double t, double freedom) {
  if (std::isnan(t) || !(freedom > 0)) return nan;
  const double tail = two_sided_tail(std::abs(t), freedom) / 2;
  return t > 0 ? 1 - tail : tail;
}

double student_t_quantile(double probability, double freedom) {
  if (!(probability > 0 && probability < 1) || !(freedom > 0)) return nan;
  if (probability == 0.5) return 0;
  const double tail = 2 * std::min(probability, 1 - probability);
  double low = 0;
  double high = 1;
  while (two_sided_tail(high, freedom) > tail && high < 1e150) high *= 2;
  for (int i = 0; i < 200; ++i) {
    const double middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) break;
    (two_sided_tail(middle, freedom) > tail ? low : high) = middle;
  }
  return probability > 0.5 ? high : -high;
}

double confidence95(std::span<const double> values) {
  if (values.size() < 2) return nan;
  const auto n = static_cast<double>(values.size());
  return student_t_quantile(0.975, n - 1) * sample_std(values) / std::sqrt(n);
}

PairedTest paired_test(std::span<const double> differences) {
  PairedTest test{mean(differences), confidence95(differences), nan};
  if (differences.size() < 2) return test;
  const auto n = static_cast<double>(differences.size());
  const double error = sample_std(differences) / std::sqrt(n);
  if (test.difference == 0) {
    test.p_value = 1;
  } else {
    test.p_value = two_sided_tail(std::abs(test.difference) / error, n - 1);
  }
  return test;
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
