#pragma once
#include <fanin/core/tensor.hpp>

namespace fanin::ops {

/// The matrix product, torch.matmul: [m, k] · [k, n] → [m, n], and matrix by matrix with sizes in front, which
/// broadcast: [5, 1, m, k] · [4, k, n] → [5, 4, m, n]. A vector [k] on the left is a row, on the right a column,
/// and the result lacks that dimension. Error naming both shapes for others.
Tensor matmul(const Tensor& a, const Tensor& b);

}  // namespace fanin::ops
