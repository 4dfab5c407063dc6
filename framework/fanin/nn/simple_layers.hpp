#pragma once
#include <fanin/nn/module.hpp>
#include <fanin/ops/pair.hpp>

namespace fanin::nn {

/// Of a pool; what is one number holds for height and width.
struct PoolOptions {
  ops::Pair kernel = 2;   ///< size of the window, ≥ 1
  ops::Pair stride = 0;   ///< 0: as the kernel
  ops::Pair padding = 0;  ///< on each side, at most half the kernel
};

/// torch.nn.MaxPool2d: x [N, C, H, W] → [N, C, H', W'] as `ops::max_pool2d`.
class MaxPool2d final : public Module {
 public:
  /// @{
  /// Options out of range are an Error when it first runs.
  explicit MaxPool2d(PoolOptions options = {}) : options_(options) {}
  explicit MaxPool2d(ops::Pair kernel, ops::Pair stride = 0, ops::Pair padding = 0)
      : options_{.kernel = kernel, .stride = stride, .padding = padding} {}
  /// @}
  std::string kind() const override { return "MaxPool2d"; }
  /// Whether its windows are 2×2 and tile the plane.
  bool tiles_by_2() const {
    return options_.kernel == 2 && (options_.stride == 0 || options_.stride == 2) && options_.padding == 0;
  }

 protected:
  Tensor forward(const Tensor& x) override;
  ModulePtr copy() const override { return copied(*this); }

 private:
  PoolOptions options_;
};

/// torch.nn.AvgPool2d, padding counted: shapes as MaxPool2d.
class AvgPool2d final : public Module {
 public:
  /// @{
  /// Options out of range are an Error when it first runs.
  explicit AvgPool2d(PoolOptions options = {}) : options_(options) {}
  explicit AvgPool2d(ops::Pair kernel, ops::Pair stride = 0, ops::Pair padding = 0)
      : options_{.kernel = kernel, .stride = stride, .padding = padding} {}
  /// @}
  std::string kind() const override { return "AvgPool2d"; }

 protected:
  Tensor forward(const Tensor& x) override;
  ModulePtr copy() const override { return copied(*this); }

 private:
  PoolOptions options_;
};

/// torch.nn.AdaptiveAvgPool2d: x [N, C, H, W] → [N, C, height, width].
class AdaptiveAvgPool2d final : public Module {
 public:
  /// @{
  /// Sizes below 1 are an Error when it first runs.
  AdaptiveAvgPool2d(Index height, Index width) : height_(height), width_(width) {}
  explicit AdaptiveAvgPool2d(Index both) : AdaptiveAvgPool2d(both, both) {}
  /// @}
  std::string kind() const override { return "AdaptiveAvgPool2d"; }

 protected:
  Tensor forward(const Tensor& x) override;
  ModulePtr copy() const override { return copied(*this); }

 private:
  Index height_, width_;
};

/// [N, …] → [N, product of the rest] (torch.nn.Flatten).
class Flatten final : public Module {
 public:
  std::string kind() const override { return "Flatten"; }

 protected:
  Tensor forward(const Tensor& x) override;
  ModulePtr copy() const override { return copied(*this); }
};

/// Gives what it takes (torch.nn.Identity): for the place of a layer that is to be left out.
class Identity final : public Module {
 public:
  std::string kind() const override { return "Identity"; }

 protected:
  Tensor forward(const Tensor& x) override { return x; }
  ModulePtr copy() const override { return copied(*this); }
};

/// Zeroes each element with probability p while training and scales the rest by 1/(1-p) (torch.nn.Dropout).
/// Each layer has a stream of its own: `seed`'s; without one, that which `initialize` or `reseed` gives it,
/// and before that one of its own making, which only depends on how many such layers the program made before.
class Dropout final : public Module {
 public:
  /// Error unless p is in [0, 1).
  explicit Dropout(double p = 0.5, std::optional<std::uint64_t> seed = std::nullopt);
  std::string kind() const override { return "Dropout"; }
  std::string describe() const override;

 protected:
  Tensor forward(const Tensor& x) override;
  ModulePtr copy() const override { return copied(*this); }
  Generator* own_generator() override { return &generator_; }

 private:
  double p_;
  Generator generator_;
};

/// Of Embedding.
struct EmbeddingOptions {
  Index count = 0;                           ///< rows of the table, ≥ 1
  Index dimension = 0;                       ///< numbers in a row, ≥ 1
  std::optional<Initializer> weight_init{};  ///< default: normal(mean=0, std=1), as torch.nn.Embedding
};

/// Rows of a trained table, picked by index (torch.nn.Embedding).
class Embedding final : public Module {
 public:
  /// @{
  /// Error for a size below 1.
  explicit Embedding(EmbeddingOptions options);
  Embedding(Index count, Index dimension)
      : Embedding(EmbeddingOptions{.count = count, .dimension = dimension}) {}
  /// @}
  ParameterRef weight{"weight"};  ///< [count, dimension]
  std::string kind() const override { return "Embedding"; }
  /// Row `indices[i]` of the table as row i: [n, dimension]. Error for an index that is not in 0..count-1.
  Tensor lookup(std::span<const std::int32_t> indices) const;

 protected:
  /// Indices as whole numbers in a tensor [N]; the result is [N, dimension].
  Tensor forward(const Tensor& x) override;
  ModulePtr copy() const override { return copied(*this); }
};

}  // namespace fanin::nn
