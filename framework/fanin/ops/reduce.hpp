#pragma once
#include <fanin/core/tensor.hpp>

namespace fanin::ops {

/// Over all elements: a scalar. The order of summation is fixed, so the thread count never changes a bit.
Tensor sum(const Tensor& x);
/// As sum, divided by the count of elements; Error when there are none.
Tensor mean(const Tensor& x);

/// @{
/// Along one dimension (negative counts from the end), which is dropped, or kept with size 1 when `keepdim`.
/// Error when there is no such dimension, or for the mean of none.
Tensor sum(const Tensor& x, int dim, bool keepdim = false);
Tensor mean(const Tensor& x, int dim, bool keepdim = false);
/// @}

}  // namespace fanin::ops
