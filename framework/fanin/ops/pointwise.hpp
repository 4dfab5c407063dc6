#pragma once
#include <limits>

#include <fanin/core/tensor.hpp>

namespace fanin::ops {

// Elementwise functions of a tensor of any shape, computed in double and rounded once, as those of torch that
// are called so. Error for an undefined tensor.

Tensor exp(const Tensor& x);   ///< e to the power of x
Tensor log(const Tensor& x);   ///< the natural one: NaN below 0, -inf at 0
Tensor sqrt(const Tensor& x);  ///< NaN below 0; its gradient at 0 is infinite
Tensor abs(const Tensor& x);   ///< its gradient at 0 is 0
/// x to the power of one number: NaN where x < 0 and the exponent is no whole number.
Tensor pow(const Tensor& x, double exponent);
/// x, but no less than `least` and no more than `most`; its gradient is 1 from the one to the other, and 0
/// beyond. Error unless least <= most.
Tensor clamp(const Tensor& x, double least, double most = std::numeric_limits<double>::infinity());

}  // namespace fanin::ops
