#pragma once
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <fanin/core/tensor.hpp>

/// What tests/reference/make_models.py wrote: PyTorch's draws, gradients and trained weights.
const nlohmann::json& reference();

/// Checks `tensor` against one of its digests: each quantity within `tolerance`, relative to the size it has
/// in a tensor like this.
void check_digest(const fanin::Tensor& tensor, const nlohmann::json& digest, double tolerance);

/// Whether the float32s are bit for bit those that the digest's CRC-32 is of.
bool same_bits(const fanin::Tensor& tensor, const nlohmann::json& digest);

/// The largest difference between two lists, relative to the root mean square of `expected`.
double list_error(const std::vector<float>& got, const std::vector<float>& expected);
