#pragma once
#include <nlohmann/json.hpp>

#include <fanin/core/tensor.hpp>

/// tests/reference/init.json: what PyTorch drew (made by make_init.py).
const nlohmann::json& init_reference();
/// tests/reference/gains.json: mpmath's values and numpy's (made by make_gains.py).
const nlohmann::json& gain_reference();
fanin::Shape reference_shape(const nlohmann::json& record);
/// The largest distance of `w` from the recorded values: from all of them, or from the recorded sample.
double distance_to_reference(const fanin::Tensor& w, const nlohmann::json& record);
/// CRC-32 of the bits, and the sum in double precision.
std::uint32_t crc_of(const void* bytes, std::size_t size);
std::uint32_t crc_of(const fanin::Tensor& w);
double sum_of(const fanin::Tensor& w);
