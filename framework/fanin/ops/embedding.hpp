#pragma once
#include <cstdint>
#include <span>

#include <fanin/core/tensor.hpp>

namespace fanin::ops {

/// Row `indices[i]` of weight [count, width] as row i: gives [n, width] (torch.nn.functional.embedding).
/// Error for an index out of range.
Tensor embedding(std::span<const std::int32_t> indices, const Tensor& weight);
/// As above for indices held in a tensor of any shape, as whole numbers: gives [..., width]. Error for one
/// that is out of range or no whole number.
Tensor embedding(const Tensor& indices, const Tensor& weight);

}  // namespace fanin::ops
