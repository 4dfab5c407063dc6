#pragma once
#include <fanin/core/tensor.hpp>
#include <fanin/random/generator.hpp>

namespace fanin::ops {

/// In training every element is zeroed with probability `p`, the others scaled by 1/(1-p) (Srivastava et al.
/// 2014); otherwise x itself. Draws torch.nn.functional.dropout's bits. Error unless p is in [0, 1].
Tensor dropout(const Tensor& x, double p, bool training, Generator& generator);

}  // namespace fanin::ops
