#pragma once
#include <fanin/core/tensor.hpp>

namespace fanin::ops {

/// The matrix product: [m, k] · [k, n] → [m, n], or batch by batch [b, m, k] · [b, k, n] → [b, m, n], or
/// [b, m, k] · [k, n] → [b, m, n] with one right-hand matrix for the whole batch (torch.matmul). Error for
/// other shapes.
Tensor matmul(const Tensor& a, const Tensor& b);

}  // namespace fanin::ops
