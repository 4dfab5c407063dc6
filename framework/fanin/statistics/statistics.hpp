#pragma once
#include <span>
#include <vector>

#include <fanin/statistics/interval.hpp>

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

/// What a sample of paired differences says of their mean.
struct PairedTest {
  double difference;  ///< their mean
  Interval interval;  ///< `mean_interval` of them
  double p_value;     ///< two-sided, of "the mean difference is zero"; 1 when their mean is 0
};
/// Student's t test of one sample; p is NaN for fewer than two differences. Where all are equal there is no
/// spread to judge by, and their sign alone counts: p = 2 · ½ⁿ, as in the sign test (Dixon & Mood 1946).
PairedTest paired_test(std::span<const double> differences, double level = 0.95,
                       Interval possible = any_number);

/// The p-value of "the mean difference is `margin` or more, one way or the other", by two one-sided t tests
/// (Schuirmann 1987): where it is below 5 %, the 90 % interval lies within ±margin. The larger of the two. NaN
/// for fewer than two differences, and where they are all equal. Error for a margin that is not positive.
double equivalence_p(std::span<const double> differences, double margin);

/// Holm's step-down adjustment ("A simple sequentially rejective multiple test procedure", 1979): the result
/// compares with the level as a single p-value would. NaN values stay NaN and are not counted among the
/// tests.
std::vector<double> holm(std::span<const double> p_values);

}  // namespace fanin::statistics
