#pragma once
#include <fanin/nn/module.hpp>

namespace fanin::nn {

struct BatchNormOptions {
  Index features = 0;  ///< channels (2d) or features (1d), ≥ 1
  double eps = 1e-5;
  double momentum = 0.1;  ///< weight of the newest batch in the running statistics
  bool affine = true;
  std::optional<Initializer> weight_init{};  ///< default: ones
  std::optional<Initializer> bias_init{};    ///< default: zeros
};

/// Normalises each feature over the batch (Ioffe & Szegedy 2015; torch.nn.BatchNorm1d and 2d): x [N, C] or
/// [N, C, H, W].
class BatchNorm : public Module {
 public:
  ParameterRef weight{"weight"}, bias{"bias"};  ///< null when not affine
  Tensor running_mean, running_var;
  /// Evaluation statistics even while training: for fine-tuning with frozen statistics.
  bool freeze_statistics = false;

  std::string describe() const override;

 protected:
  BatchNorm(BatchNormOptions options, int rank);
  Tensor forward(const Tensor& x) override;

 private:
  BatchNormOptions options_;
  int rank_;  // of the input
};

class BatchNorm1d final : public BatchNorm {
 public:
  explicit BatchNorm1d(BatchNormOptions options) : BatchNorm(std::move(options), 2) {}
  std::string kind() const override { return "BatchNorm1d"; }
};

class BatchNorm2d final : public BatchNorm {
 public:
  explicit BatchNorm2d(BatchNormOptions options) : BatchNorm(std::move(options), 4) {}
  std::string kind() const override { return "BatchNorm2d"; }
};

struct LayerNormOptions {
  Index features = 0;  ///< size of the last dimension, over which each row is normalised
  double eps = 1e-5;
  std::optional<Initializer> weight_init{};  ///< default: ones
  std::optional<Initializer> bias_init{};    ///< default: zeros
};

/// Normalises each row over its last dimension (Ba et al. 2016; torch.nn.LayerNorm).
class LayerNorm final : public Module {
 public:
  explicit LayerNorm(LayerNormOptions options);
  ParameterRef weight{"weight"}, bias{"bias"};
  std::string kind() const override { return "LayerNorm"; }
  std::string describe() const override;

 protected:
  Tensor forward(const Tensor& x) override;

 private:
  LayerNormOptions options_;
};

struct GroupNormOptions {
  Index groups = 0;  ///< divides `channels`
  Index channels = 0;
  double eps = 1e-5;
  std::optional<Initializer> weight_init{};  ///< default: ones
  std::optional<Initializer> bias_init{};    ///< default: zeros
};

/// Normalises each sample over groups of channels (Wu & He 2018; torch.nn.GroupNorm).
class GroupNorm final : public Module {
 public:
  explicit GroupNorm(GroupNormOptions options);
  ParameterRef weight{"weight"}, bias{"bias"};
  std::string kind() const override { return "GroupNorm"; }
  std::string describe() const override;

 protected:
  Tensor forward(const Tensor& x) override;

 private:
  GroupNormOptions options_;
};

}  // namespace fanin::nn
