#pragma once
#include <fanin/core/tensor.hpp>
#include <fanin/ops/activation.hpp>

namespace fanin::ops {

/// act(x · weightᵀ + bias): torch.nn.functional.linear with the nonlinearity fused in.
/// x [..., in], weight [out, in], bias [out] or undefined; gives [..., out]. Error where these do not fit.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, Activation activation = {});

}  // namespace fanin::ops
