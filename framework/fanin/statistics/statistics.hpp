#pragma once
#include <span>
#include <vector>

namespace fanin::statistics {

/// The average; NaN for no values.
double mean(std::span<const double> values);
/// The standard deviation of a sample: divides by n − 1; NaN for fewer than two values.
double sample_std(std::span<const double> values);
/// The middle one in order, or the mean of the two in the middle; NaN for no values.
double median(std::span<const double> values);

/// P(T ≤ t) for Student's t with `freedom` > 0 degrees of freedom, by Boost.Math; NaN for other numbers.
double student_t_cdf(double t, double freedom);
/// The t with P(T ≤ t) = `probability`, 0 < probability < 1: 4.3027 for (0.975, 2); NaN for
/// other numbers.
double student_t_quantile(double probability, double freedom);

/// Half the width of the 95 % confidence interval of the mean: t(0.975, n − 1) · s / √n; NaN for
/// fewer than two values.
double confidence95(std::span<const double> values);

/// What a sample of paired differences says of their mean.
struct PairedTest {
  double difference;  ///< their mean
  double ci95;        ///< `confidence95` of them
  double p_value;     ///< two-sided, of "the mean difference is zero"; 1 when their mean is 0
};
/// Student's t test of one sample; interval and p are NaN for fewer than two differences.
PairedTest paired_test(std::span<const double> differences);

/// Holm's step-down adjustment ("A simple sequentially rejective multiple test procedure", 1979): the result
/// compares with the level as a single p-value would. NaN values stay NaN and are not counted among the
/// tests.
std::vector<double> holm(std::span<const double> p_values);

}  // namespace fanin::statistics
