#include <atomic>
#include <cmath>

#include <fanin/core/fail.hpp>
#include <fanin/nn/simple_layers.hpp>
#include <fanin/ops/dropout.hpp>
#include <fanin/ops/embedding.hpp>
#include <fanin/ops/pool2d.hpp>
#include <fanin/ops/reshape.hpp>

namespace fanin::nn {
namespace {

ops::Pool2dOptions pool_options(const PoolOptions& o) {
  const ops::Pair stride{o.stride.h == 0 ? o.kernel.h : o.stride.h,
                         o.stride.w == 0 ? o.kernel.w : o.stride.w};
  return {.kernel = o.kernel, .stride = stride, .padding = o.padding};
}

/// Layers that nobody seeded share no mask.
std::uint64_t next_stream() {
  static std::atomic<std::uint64_t> made = 0;
  return derive_seed(made++, "dropout");
}

}  // namespace

Tensor MaxPool2d::forward(const Tensor& x) { return ops::max_pool2d(x, pool_options(options_)); }
Tensor AvgPool2d::forward(const Tensor& x) { return ops::avg_pool2d(x, pool_options(options_)); }
Tensor AdaptiveAvgPool2d::forward(const Tensor& x) { return ops::adaptive_avg_pool2d(x, {height_, width_}); }
Tensor Flatten::forward(const Tensor& x) { return ops::flatten(x); }

Dropout::Dropout(double p, std::optional<std::uint64_t> seed)
    : p_(p), generator_(seed ? *seed : next_stream()) {
  if (seed) keep_stream();
  if (!(p >= 0 && p < 1)) fail("Dropout: p must be in [0, 1), got {}", p);
}
std::string Dropout::describe() const { return fmt::format("Dropout({})", p_); }
Tensor Dropout::forward(const Tensor& x) { return ops::dropout(x, p_, training(), generator_); }

Embedding::Embedding(EmbeddingOptions options) {
  if (options.count < 1 || options.dimension < 1) {
    fail("Embedding: count and dimension must be at least 1, got {} and {}", options.count,
         options.dimension);
  }
  weight = add_parameter("weight", {options.count, options.dimension}, init::normal(),
                         {options.dimension, options.count}, options.weight_init);
}

Tensor Embedding::lookup(std::span<const std::int32_t> indices) const {
  return ops::embedding(indices, weight->use());
}

Tensor Embedding::forward(const Tensor& x) {
  PoolVector<std::int32_t> indices;
  indices.reserve(static_cast<std::size_t>(x.numel()));
  for (const real value : x.values()) {
    if (!(std::abs(value) < real{2e9}) || value != std::floor(value))
      fail("Embedding: {} is not an index", value);
    indices.push_back(static_cast<std::int32_t>(value));
  }
  return lookup(indices);
}

}  // namespace fanin::nn
