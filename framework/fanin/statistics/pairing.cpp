#include <cmath>
#include <vector>

#include <fanin/core/fail.hpp>
#include <fanin/statistics/interval.hpp>
#include <fanin/statistics/pairing.hpp>
#include <fanin/statistics/statistics.hpp>

namespace fanin::statistics {

Pairing pairing_of(std::span<const double> first, std::span<const double> second) {
  if (first.size() != second.size())
    fail("pairing: {} values and {} are no pairs", first.size(), second.size());
  Pairing pairing;
  if (first.size() < 2) return pairing;
  const auto n = static_cast<double>(first.size());
  std::vector<double> differences;
  double covariance = 0;
  const double middle1 = mean(first), middle2 = mean(second);
  for (std::size_t i = 0; i < first.size(); ++i) {
    differences.push_back(first[i] - second[i]);
    covariance += (first[i] - middle1) * (second[i] - middle2) / (n - 1);
  }
  const double std1 = sample_std(first), std2 = sample_std(second);
  if (std1 > 0 && std2 > 0) pairing.correlation = covariance / (std1 * std2);
  const Interval paired = mean_interval(differences);
  if (!paired.known()) return pairing;
  const double error1 = std1 * std1 / n, error2 = std2 * std2 / n, error = error1 + error2;
  const double freedom = error * error * (n - 1) / (error1 * error1 + error2 * error2);
  pairing.gain = student_t_quantile(0.975, freedom) * std::sqrt(error) / paired.half_width();
  return pairing;
}

}  // namespace fanin::statistics
