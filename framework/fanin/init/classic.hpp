#pragma once
#include <fanin/init/initializer.hpp>

namespace fanin::init {

/// Caffe's msra filler: N(0, 2 / fan).
struct MsraOptions {
  Fan mode = Fan::in;
};
Initializer msra(const MsraOptions& options = {});
/// Caffe's bilinear filler: a transposed convolution that upsamples by interpolation; 4-d, square kernels.
Initializer bilinear();
/// Nguyen & Widrow 1990: each unit's active region covers its share of the input. Fills weights and biases.
Initializer nguyen_widrow();

struct TextbookOptions {
  double c = 1;
};
/// The courses' `randn * sqrt(c / n)`, n inputs a unit: c = 1 for tanh, 2 for ReLU.
Initializer textbook(const TextbookOptions& options = {});

}  // namespace fanin::init
