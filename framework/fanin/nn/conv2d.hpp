#pragma once
#include <fanin/nn/module.hpp>
#include <fanin/ops/conv2d.hpp>

namespace fanin::nn {

struct Conv2dOptions {
  Index in = 0;      ///< input channels, a multiple of `groups`
  Index out = 0;     ///< output channels, a multiple of `groups`
  Index kernel = 0;  ///< side of the square kernel, ≥ 1
  Index stride = 1;
  Index padding = 0;
  Index dilation = 1;
  Index groups = 1;
  bool bias = true;
  std::optional<Initializer> weight_init{};  ///< default: kaiming_uniform(a=√5), as torch.nn.Conv2d
  std::optional<Initializer> bias_init{};    ///< default: fan_uniform, U(±1/√fan_in), as torch.nn.Conv2d
};

/// 2-d cross-correlation: x [N, in, H, W], weight [out, in/groups, k, k] → [N, out, H', W']
/// (torch.nn.Conv2d).
class Conv2d final : public Module {
 public:
  explicit Conv2d(Conv2dOptions options);

  ParameterRef weight{"weight"}, bias{"bias"};

  std::string kind() const override { return "Conv2d"; }
  std::string describe() const override;
  bool can_fuse() const override { return true; }
  bool can_fuse_pool() const override { return true; }
  const Conv2dOptions& options() const { return options_; }

 protected:
  Tensor forward(const Tensor& x) override { return run_fused(x, {}); }
  Tensor run_fused(const Tensor& x, Activation activation) override;
  Tensor run_fused_pool(const Tensor& x) override;

 private:
  ops::Conv2dOptions op_options(Activation activation) const;

  Conv2dOptions options_;
};

struct ConvTranspose2dOptions {
  Index in = 0;
  Index out = 0;
  Index kernel = 0;
  Index stride = 1;
  Index padding = 0;
  Index output_padding = 0;  ///< extra rows and columns at one side; less than stride or dilation
  Index dilation = 1;
  Index groups = 1;
  bool bias = true;
  /// Default: torch.nn.ConvTranspose2d's, whose "fan_in" is the true fan-out.
  std::optional<Initializer> weight_init{};
  std::optional<Initializer> bias_init{};
};

/// Transposed convolution: x [N, in, H, W], weight [in, out/groups, k, k] (torch.nn.ConvTranspose2d).
class ConvTranspose2d final : public Module {
 public:
  explicit ConvTranspose2d(ConvTranspose2dOptions options);

  ParameterRef weight{"weight"}, bias{"bias"};

  std::string kind() const override { return "ConvTranspose2d"; }
  std::string describe() const override;

 protected:
  Tensor forward(const Tensor& x) override;

 private:
  ConvTranspose2dOptions options_;
};

}  // namespace fanin::nn
