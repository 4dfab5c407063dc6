#pragma once
#include <cstddef>
#include <vector>

namespace fanin::statistics {

/// A density p(x) ~ x^-alpha for x ≥ least, fitted to the upper end of a sample.
struct PowerLaw {
  double alpha = 0;  ///< the tail's exponent, > 1
  double error = 0;  ///< its standard error, (alpha - 1) / √tail
  double least = 0;  ///< where the tail begins (x_min)
  double distance =
      0;  ///< D: the largest gap between the tail's distribution and the fitted one (Kolmogorov-Smirnov)
  std::size_t tail = 0;  ///< n: values of the sample that are no smaller than `least`
};

/// The fewest values of which a tail is fitted, and the fewest that may make one: below 50 the exponent is
/// biased (Clauset et al., section 3.1).
inline constexpr std::size_t power_law_least_count = 50, power_law_least_tail = 10;

/// The tail of `values` after Clauset, Shalizi & Newman 2009, Power-law distributions in empirical data: the
/// exponent by maximum likelihood above each value of the sample (of more than 2,000, above 2,000 of them,
/// evenly spread by rank), and the one of these tails whose D is least, as WeightWatcher does with a layer's
/// eigenvalues (Martin & Mahoney 2021). Error when fewer than 50 values are given, one is not finite and
/// above 0, all are equal, or the best tail has fewer than 10 values.
PowerLaw power_law_tail(std::vector<double> values);

}  // namespace fanin::statistics
