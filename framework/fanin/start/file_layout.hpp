#pragma once
#include <vector>

#include <fanin/core/shape.hpp>

namespace fanin::start {

/// How a file's dimensions stand to PyTorch's: outputs, inputs, places.
enum class FileLayout {
  torch,        ///< the same
  inputs_last,  ///< [places…, inputs, outputs]: a kernel of Keras or JAX, GPT-2's Conv1D
  depthwise,    ///< [places…, channels, multiplier]
  heads_last,   ///< [inputs, heads, size of a head]: attention's projections in Flax and Keras
  heads_first,  ///< [heads, size of a head, outputs]: the projection of what attention gives
  flat,         ///< a bias of several dimensions, which is drawn as one row
};

/// The shape that a tensor is drawn in: PyTorch's of the layer.
Shape drawn_shape(const std::vector<Index>& sizes, FileLayout layout);
/// The strides by which the elements of that shape, contiguous, are read in the file's order; empty: as they are.
std::vector<Index> file_strides(const std::vector<Index>& sizes, FileLayout layout);

}  // namespace fanin::start
