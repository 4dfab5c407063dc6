#pragma once
#include <vector>

#include <fanin/io/stored_tensor.hpp>
#include <fanin/io/tensor_stats.hpp>

#include "examples/fanin/movements.hpp"

namespace fanin::program {

/// Bars of a histogram in the table, and of one that is shown by itself.
constexpr std::size_t small_bins = 16, large_bins = 48;

/// A tensor of a file, and what its numbers are like.
struct InspectedTensor {
  const io::StoredTensor* tensor;  ///< of the file
  io::TensorStats stats;           ///< of its numbers
  std::vector<Index> counts;       ///< a histogram from stats.min to stats.max
};

/// Prints what a file says of itself and the table of its tensors; with `histograms`, each one's behind it, of
/// `large_bins` bars.
void print_inspected(const io::TensorFile& file, const std::vector<InspectedTensor>& rows,
                     const Movements& moved, bool histograms);

}  // namespace fanin::program
