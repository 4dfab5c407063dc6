#pragma once
#include <fanin/core/tensor.hpp>

namespace fanin::ops {

// What the ops check first; every message names the op and the shapes that do not fit.

/// Error unless `x` is defined and of rank `rank`; `layout` names the dimensions: "[N, C, H, W]".
void require_rank(const char* op, const char* what, const Tensor& x, int rank, const char* layout);
/// Error unless `x` is undefined or of shape [size]; the message shows the shape `against` which it must fit.
void require_vector(const char* op, const char* what, const Tensor& x, Index size, const Shape& against);
/// `dim` counted from the front; Error when `x` has no such dimension.
int require_dim(const char* op, const Tensor& x, int dim);
/// The product of the sizes of dimensions [begin, end).
Index count(const Shape& shape, int begin, int end);

/// A tensor seen as [outer, n, inner], of which the middle is what a reduction takes away.
struct Reduction {
  Index outer, n, inner;  ///< of which n is reduced
  Shape to;               ///< of what is left
};
/// @{
/// Along one dimension, kept with size 1 when `keepdim`, or over all elements. Error for an undefined `x`, for
/// no such dimension, and, where elements are `needed`, for none to reduce.
Reduction reduction(const char* op, const Tensor& x, int dim, bool keepdim, bool needed);
Reduction reduction(const char* op, const Tensor& x, bool needed);
/// @}

/// For an op's `saved()`: `kept`, where the gradient by `other` is wanted, which is what it is kept for.
inline Tensor needed(const Tensor& kept, const Tensor& other) {
  return other.defined() && other.requires_grad() ? kept : Tensor();
}

/// Its elements; null for an undefined tensor: a bias that is not there.
inline const real* data_or_null(const Tensor& x) { return x.defined() ? x.data() : nullptr; }

}  // namespace fanin::ops
