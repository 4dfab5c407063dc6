#pragma once
#include <functional>
#include <vector>

#include <fanin/io/stored_tensor.hpp>

namespace fanin::io {

/// What can be said of a stored tensor's elements without loading it; computed piece by piece, in double.
struct TensorStats {
  Index count = 0;                            ///< elements
  Index nans = 0, infinities = 0, zeros = 0;  ///< of them

  // Of the finite elements; NaN when there are none:
  double mean = 0;          ///< of the finite elements, as what follows
  double std = 0;           ///< as a population
  double min = 0, max = 0;  ///< the least and the largest
  double norm = 0;          ///< Euclidean

  /// How many elements are neither NaN nor infinite.
  Index finite() const { return count - nans - infinities; }
};
/// The statistics of all elements; those of an integer tensor are of its numbers.
TensorStats tensor_stats(const StoredTensor& tensor);

/// How many finite elements fall into each of `bins` equal intervals from `low` to `high`; what lies outside
/// counts nowhere.
std::vector<Index> histogram(const StoredTensor& tensor, double low, double high, std::size_t bins);

/// Bars of one line for counts, from ▁ to █; a space for none.
std::string bars(const std::vector<Index>& counts);

/// Elements [first, first + count) as doubles; 64-bit integers past 2^53 round to nearest.
void read_doubles(const StoredTensor& tensor, Index first, Index count, double* out);

/// Hands all elements to `visit` in order, as doubles, some thousands at a time.
void for_each_piece(const StoredTensor& tensor,
                    const std::function<void(const double* values, Index count)>& visit);

}  // namespace fanin::io
