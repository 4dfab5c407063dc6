#pragma once
#include <fanin/core/tensor.hpp>

namespace fanin::ops {

/// The matrix product: [m, k] · [k, n] → [m, n], or batch by batch […, m, k] · […, k, n] → […, m, n] with
/// the same sizes in front on both sides, or […, m, k] · [k, n] → […, m, n] with one right-hand matrix for
/// the whole batch (torch.matmul). Error naming both shapes for others.
Tensor matmul(const Tensor& a, const Tensor& b);

}  // namespace fanin::ops
