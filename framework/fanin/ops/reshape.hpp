#pragma once
#include <initializer_list>
#include <span>

#include <fanin/core/tensor.hpp>

namespace fanin::ops {

/// @{
/// The same elements seen in another shape; nothing is copied. One size of a list may be -1: what is left for
/// it. Error unless it has as many elements.
Tensor reshape(const Tensor& x, const Shape& shape);
Tensor reshape(const Tensor& x, std::initializer_list<Index> sizes);
/// @}
/// Dimensions from `start_dim` on become one: [N, C, H, W] → [N, C·H·W].
Tensor flatten(const Tensor& x, int start_dim = 1);
/// Dimensions `dim0` and `dim1` exchanged (a copy: tensors are always contiguous).
Tensor transpose(const Tensor& x, int dim0, int dim1);
/// @{
/// Dimension `dims[i]` becomes dimension i (a copy): permute(x, {0, 2, 3, 1}) makes NCHW NHWC
/// (torch.permute). Error unless every dimension of x is named once.
Tensor permute(const Tensor& x, std::span<const int> dims);
Tensor permute(const Tensor& x, std::initializer_list<int> dims);
/// @}
/// @{
/// Tensors of one shape side by side in a new dimension `dim` (torch.stack); Error where shapes differ, or for
/// none.
Tensor stack(std::span<const Tensor> parts, int dim = 0);
Tensor stack(std::initializer_list<Tensor> parts, int dim = 0);
/// @}
/// @{
/// Tensors joined along `dim` (torch.cat); Error for none, or where other sizes differ.
Tensor concat(std::span<const Tensor> parts, int dim);
Tensor concat(std::initializer_list<Tensor> parts, int dim);
/// @}
/// Elements [begin, end) of dimension `dim`; Error unless 0 <= begin <= end <= its size.
Tensor slice(const Tensor& x, int dim, Index begin, Index end);

}  // namespace fanin::ops
