#pragma once
#include <cmath>
#include <functional>
#include <vector>

#include <fanin/autograd/gradcheck.hpp>
#include <fanin/ops/ops.hpp>
#include <fanin/random/generator.hpp>

namespace fanin::gradcheck_test {

/// Uniform in [low, high), wanting a gradient.
inline Tensor random(const Shape& shape, std::uint64_t seed, double low = -1, double high = 1) {
  Tensor tensor(shape);
  Generator(seed).uniform(tensor.values(), low, high);
  return tensor.set_requires_grad(true);
}

/// All values differ by more than 0.01 and lie more than 0.005 from 0, in a scrambled order: finite
/// differences cross neither a kink at 0 nor a change of a window's maximum.
inline Tensor distinct(const Shape& shape, std::uint64_t seed) {
  Tensor tensor(shape);
  const std::vector<Index> order = Generator(seed).randperm(shape.numel());
  for (Index i = 0; i < shape.numel(); ++i) {
    const Index rank = order[static_cast<std::size_t>(i)] - shape.numel() / 2;
    tensor.data()[i] = static_cast<real>(0.02 * static_cast<double>(rank) + 0.01);
  }
  return tensor.set_requires_grad(true);
}

using Inputs = std::vector<Tensor>;
constexpr double bound = gradcheck_bound;

}  // namespace fanin::gradcheck_test
