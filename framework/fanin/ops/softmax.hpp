#pragma once
#include <fanin/core/tensor.hpp>

namespace fanin::ops {

/// exp(x) / sum exp(x) along `dim` (negative counts from the end); the shape stays. Error when there is no
/// such dimension.
Tensor softmax(const Tensor& x, int dim = -1);
/// ln softmax(x) along `dim`, computed without overflow; shape and Error as softmax.
Tensor log_softmax(const Tensor& x, int dim = -1);

}  // namespace fanin::ops
