#pragma once
#include <cstdint>
#include <span>

#include <fanin/core/tensor.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/nn/module.hpp>
#include <fanin/start/adapt.hpp>

namespace fanin::start {

/// A tensor of the model, and what a load does to it.
struct LoadStep {
  Tensor value;                            ///< shares the model's elements
  nn::Parameter* parameter = nullptr;      ///< null for a buffer
  const io::StoredTensor* from = nullptr;  ///< null when it stays as it is
  const AdaptRule* rule = nullptr;         ///< by which `from` is made to fit; null when it fits
};

/// Fills the model's tensors; rows that the file has not are drawn, from a generator of `seed`. A draw may fail,
/// which is an Error that leaves the model as it was.
void load(std::span<const LoadStep> steps, nn::Module& model, std::uint64_t seed);

}  // namespace fanin::start
