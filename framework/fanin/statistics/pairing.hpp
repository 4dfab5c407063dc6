#pragma once
#include <limits>
#include <span>

namespace fanin::statistics {

/// What it gained to draw two samples in pairs.
struct Pairing {
  /// Pearson's, of the pairs' halves; NaN where one sample has no spread.
  double correlation = std::numeric_limits<double>::quiet_NaN();
  /// The width of the 95 % interval of the difference of means that the same values give as two independent
  /// samples (Welch 1947), by the width that their differences give (`mean_interval`): 2 where pairing halves
  /// the interval. Below 1 where the pairs have nothing in common, for pairing costs half the degrees of
  /// freedom. NaN where the differences have no spread.
  double gain = std::numeric_limits<double>::quiet_NaN();
};
/// Of `first[i]` and `second[i]`, for every i; Error for samples of different lengths.
Pairing pairing_of(std::span<const double> first, std::span<const double> second);

}  // namespace fanin::statistics
