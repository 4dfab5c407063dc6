#pragma once
#include <fanin/nn/module.hpp>

namespace fanin::nn {

/// Of BatchNorm1d and BatchNorm2d.
struct BatchNormOptions {
  Index features = 0;     ///< channels (2d) or features (1d), ≥ 1
  double eps = 1e-5;      ///< added to the variance, ≥ 0
  double momentum = 0.1;  ///< weight of the newest batch in the running statistics, in [0, 1]
  bool affine = true;     ///< scaled and shifted by `weight` and `bias` afterwards
  std::optional<Initializer> weight_init{};  ///< default: ones
  std::optional<Initializer> bias_init{};    ///< default: zeros
};

/// Normalizes each feature over the batch (Ioffe & Szegedy 2015; torch.nn.BatchNorm1d and 2d): x [N, C] or
/// [N, C, H, W].
class BatchNorm : public Module {
 public:
  ParameterRef weight{"weight"}, bias{"bias"};  ///< [features]; null when not affine
  /// [features], buffers: what normalizes in evaluation mode; 0 and 1 before any batch.
  Tensor running_mean, running_var;
  /// Evaluation statistics even while training: for fine-tuning with frozen statistics.
  bool freeze_statistics = false;

  std::string describe() const override;

 protected:
  /// For inputs of so many dimensions; Error for fewer than one feature.
  BatchNorm(BatchNormOptions options, int rank);
  BatchNorm(const BatchNorm& other);                     ///< for `copy`
  BatchNorm(BatchNorm&&) noexcept = default;             ///< leaves nothing behind
  BatchNorm& operator=(BatchNorm&&) noexcept = default;  ///< likewise
  Tensor forward(const Tensor& x) override;

 private:
  BatchNormOptions options_;
  int rank_;  // of the input
};

/// Of rows: x [N, C].
class BatchNorm1d final : public BatchNorm {
 public:
  /// @{
  /// Error for fewer than one feature.
  explicit BatchNorm1d(BatchNormOptions options) : BatchNorm(std::move(options), 2) {}
  explicit BatchNorm1d(Index features, double eps = 1e-5, double momentum = 0.1, bool affine = true)
      : BatchNorm1d(
            BatchNormOptions{.features = features, .eps = eps, .momentum = momentum, .affine = affine}) {}
  /// @}
  std::string kind() const override { return "BatchNorm1d"; }

 protected:
  ModulePtr copy() const override { return copied(*this); }
};

/// Of images: x [N, C, H, W].
class BatchNorm2d final : public BatchNorm {
 public:
  /// @{
  /// Error for fewer than one feature.
  explicit BatchNorm2d(BatchNormOptions options) : BatchNorm(std::move(options), 4) {}
  explicit BatchNorm2d(Index features, double eps = 1e-5, double momentum = 0.1, bool affine = true)
      : BatchNorm2d(
            BatchNormOptions{.features = features, .eps = eps, .momentum = momentum, .affine = affine}) {}
  /// @}
  std::string kind() const override { return "BatchNorm2d"; }

 protected:
  ModulePtr copy() const override { return copied(*this); }
};

/// Of LayerNorm.
struct LayerNormOptions {
  Index features = 0;  ///< size of the last dimension, over which each row is normalized, ≥ 1
  double eps = 1e-5;   ///< added to the variance, ≥ 0
  std::optional<Initializer> weight_init{};  ///< default: ones
  std::optional<Initializer> bias_init{};    ///< default: zeros
};

/// Normalizes each row over its last dimension (Ba et al. 2016; torch.nn.LayerNorm): x [..., features].
class LayerNorm final : public Module {
 public:
  // By options, or by sizes.
  /// Error for fewer than one feature.
  explicit LayerNorm(LayerNormOptions options);
  /// Likewise.
  explicit LayerNorm(Index features, double eps = 1e-5)
      : LayerNorm(LayerNormOptions{.features = features, .eps = eps}) {}

  ParameterRef weight{"weight"}, bias{"bias"};  ///< [features]
  std::string kind() const override { return "LayerNorm"; }
  std::string describe() const override;

 protected:
  Tensor forward(const Tensor& x) override;
  ModulePtr copy() const override { return copied(*this); }

 private:
  LayerNormOptions options_;
};

/// Of GroupNorm.
struct GroupNormOptions {
  Index groups = 0;                          ///< divides `channels`
  Index channels = 0;                        ///< ≥ 1
  double eps = 1e-5;                         ///< added to the variance, ≥ 0
  std::optional<Initializer> weight_init{};  ///< default: ones
  std::optional<Initializer> bias_init{};    ///< default: zeros
};

/// Normalizes each sample over groups of channels (Wu & He 2018; torch.nn.GroupNorm): x [N, channels, ...].
class GroupNorm final : public Module {
 public:
  // By options, or by sizes.
  /// Error unless `groups` divides the channels.
  explicit GroupNorm(GroupNormOptions options);
  /// Likewise.
  GroupNorm(Index groups, Index channels, double eps = 1e-5)
      : GroupNorm(GroupNormOptions{.groups = groups, .channels = channels, .eps = eps}) {}

  ParameterRef weight{"weight"}, bias{"bias"};  ///< [channels]
  std::string kind() const override { return "GroupNorm"; }
  std::string describe() const override;

 protected:
  Tensor forward(const Tensor& x) override;
  ModulePtr copy() const override { return copied(*this); }

 private:
  GroupNormOptions options_;
};

}  // namespace fanin::nn
