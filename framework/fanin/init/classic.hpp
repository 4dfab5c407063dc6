#pragma once
#include <fanin/init/initializer.hpp>

namespace fanin::init {

/// Of msra.
struct MsraOptions {
  Fan mode = Fan::in;  ///< Caffe's variance_norm
};
/// Caffe's msra filler: N(0, 2 / fan). For 2 dimensions or more (He et al. 2015).
Initializer msra(const MsraOptions& options = {});
/// Caffe's bilinear filler: a transposed convolution that upsamples by interpolation; 4-d, square kernels
/// (Long et al. 2015).
Initializer bilinear();
/// Nguyen & Widrow 1990: each unit's active region covers its share of the input. Fills weights and biases.
Initializer nguyen_widrow();

/// Of textbook.
struct TextbookOptions {
  double c = 1;  ///< ≥ 0
};
/// The courses' `randn * sqrt(c / n)`, n inputs a unit: c = 1 for tanh, 2 for ReLU. For 2 dimensions or
/// more.
Initializer textbook(const TextbookOptions& options = {});

}  // namespace fanin::init
