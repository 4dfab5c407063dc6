#pragma once
#include <limits>
#include <span>

namespace fanin::statistics {

/// The numbers from `low` to `high`, both among them; both are NaN where nothing is known.
struct Interval {
  double low = std::numeric_limits<double>::quiet_NaN();   ///< its least number
  double high = std::numeric_limits<double>::quiet_NaN();  ///< its largest

  /// Whether there is one.
  bool known() const { return low <= high; }
  /// Whether `value` lies within; an unknown interval holds none.
  bool contains(double value) const { return low <= value && value <= high; }
  double half_width() const { return (high - low) / 2; }  ///< half its length; NaN when unknown
  bool operator==(const Interval&) const = default;
};

/// All numbers: what a mean may be where nothing bounds it.
inline constexpr Interval any_number{-std::numeric_limits<double>::infinity(),
                                     std::numeric_limits<double>::infinity()};

/// The confidence interval of a mean by Student's t ("The probable error of a mean", 1908), mean ± t(n − 1) ·
/// s / √n, cut to what is `possible`: [0, 1] for an accuracy, [−1, 1] for a difference of two. The cut costs
/// no coverage, because the true mean lies in there. Unknown for fewer than two values, and for values that
/// are all equal: these have no spread to judge by, and a width of zero would say that no other value can
/// come.
///
/// Exact for normal values. How far skewed ones and collapses to chance miss the level is measured in
/// framework/fanin/statistics/README.md, with why nothing else was taken.
Interval mean_interval(std::span<const double> values, double level = 0.95, Interval possible = any_number);

/// The confidence interval of a probability after `successes` of `trials`, by Clopper and Pearson ("The use
/// of confidence or fiducial limits illustrated in the case of the binomial", 1934): it covers at least with
/// `level`, for every probability and any number of trials. A trial that is half a success (a tie) counts ½;
/// coverage stays above the level for any share of ties (enumerated in tests/statistics/test_interval.cpp up
/// to 10 trials). Unknown for no trials; Error for successes outside 0..trials.
Interval share_interval(double successes, int trials, double level = 0.95);

/// The confidence interval of a probability after `successes` of `trials` by Wilson's score ("Probable
/// inference, the law of succession, and statistical inference", 1927): narrower than `share_interval`, and
/// right on average over probabilities rather than for each. For tables of many shares. Unknown for no
/// trials; Error as there.
Interval wilson_interval(double successes, int trials, double level = 0.95);

}  // namespace fanin::statistics
