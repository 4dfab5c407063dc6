#pragma once
#include <fanin/core/tensor.hpp>

namespace fanin::ops {

// What is picked from tensors. Positions and conditions are whole numbers and truths in a tensor of `real`, as
// `argmax` gives them and `gather` takes them; nothing is differentiated by these.

/// @{
/// The largest or smallest of all elements: a scalar, whose gradient equal ones share (torch.max, torch.min).
/// A NaN wins. Error for a tensor without elements.
Tensor max(const Tensor& x);
Tensor min(const Tensor& x);
/// @}
/// @{
/// The same along one dimension (negative counts from the end), which is dropped, or kept with size 1 when
/// `keepdim`; of equals the first has the gradient (torch.amax's values with torch.max(x, dim)'s gradient).
/// Error when there is no such dimension, or it has no elements.
Tensor max(const Tensor& x, int dim, bool keepdim = false);
Tensor min(const Tensor& x, int dim, bool keepdim = false);
/// @}
/// @{
/// Where these stand: the first of equals, from 0 along the dimension, or among all elements row-major. Not
/// differentiated. Error as for max, and where `real` cannot count so far.
Tensor argmax(const Tensor& x);
Tensor argmax(const Tensor& x, int dim, bool keepdim = false);
Tensor argmin(const Tensor& x);
Tensor argmin(const Tensor& x, int dim, bool keepdim = false);
/// @}

/// a where the condition is not 0, b elsewhere; all three broadcast (torch.where). Differentiable by a and b.
/// Error naming the shapes where they do not broadcast.
Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b);

/// y[i][j] = x[index[i][j]][j] for dim = 0, x[i][index[i][j]] for dim = 1, and so on (torch.gather); the shape
/// is the index's. Error unless the index has x's rank, is no larger than x in any other dimension, and names
/// positions of `dim`.
Tensor gather(const Tensor& x, int dim, const Tensor& index);

}  // namespace fanin::ops
