#pragma once
#include <fanin/core/tensor.hpp>

namespace fanin::probe {

/// A copy of the first `count` ≥ 1 samples of a batch [N, …], or of all it has. Error, naming `who` asks,
/// for a batch without samples.
Tensor first_samples(const char* who, const Tensor& batch, Index count);

}  // namespace fanin::probe
