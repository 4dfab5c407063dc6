#pragma once
#include <fanin/nn/module.hpp>
#include <fanin/ops/conv2d.hpp>

namespace fanin::nn {

/// Of Conv2d: square kernels, the same for height and width.
struct Conv2dOptions {
  Index in = 0;                              ///< input channels, a multiple of `groups`
  Index out = 0;                             ///< output channels, a multiple of `groups`
  Index kernel = 0;                          ///< side of the kernel, ≥ 1
  Index stride = 1;                          ///< ≥ 1
  Index padding = 0;                         ///< zeros on each side, ≥ 0
  Index dilation = 1;                        ///< distance of the kernel's taps, ≥ 1
  Index groups = 1;                          ///< of channels, each convolved by itself
  bool bias = true;                          ///< a number for each output channel
  std::optional<Initializer> weight_init{};  ///< default: kaiming_uniform(a=√5), as torch.nn.Conv2d
  std::optional<Initializer> bias_init{};    ///< default: fan_uniform, U(±1/√fan_in), as torch.nn.Conv2d
};

/// 2-d cross-correlation: x [N, in, H, W], weight [out, in/groups, k, k] → [N, out, H', W'] with
/// H' = (H + 2·padding - dilation·(k-1) - 1) / stride + 1 (torch.nn.Conv2d).
class Conv2d final : public Module {
 public:
  /// Error for options out of range.
  explicit Conv2d(Conv2dOptions options);

  ParameterRef weight{"weight"}, bias{"bias"};  ///< [out, in/groups, k, k] and [out]; `bias` may be null

  std::string kind() const override { return "Conv2d"; }
  std::string describe() const override;
  /// The layer with an activation behind it, in one pass.
  Tensor run_activated(const Tensor& x, kernels::Activation activation) const;
  /// The layer with ReLU and a max pool over 2×2 windows behind it, in one pass.
  Tensor run_relu_max_pool(const Tensor& x) const;
  const Conv2dOptions& options() const { return options_; }  ///< as given

 protected:
  Tensor forward(const Tensor& x) override { return run_activated(x, {}); }

 private:
  ops::Conv2dOptions op_options(kernels::Activation activation) const;

  Conv2dOptions options_;
};

/// Of ConvTranspose2d: those of the Conv2d that it is the transpose of.
struct ConvTranspose2dOptions {
  Index in = 0;              ///< input channels, a multiple of `groups`
  Index out = 0;             ///< output channels, a multiple of `groups`
  Index kernel = 0;          ///< side of the kernel, ≥ 1
  Index stride = 1;          ///< ≥ 1: how far apart the inputs lie in the output
  Index padding = 0;         ///< rows and columns cut off on each side of the output, ≥ 0
  Index output_padding = 0;  ///< rows and columns added at the bottom and right; less than stride or dilation
  Index dilation = 1;        ///< distance of the kernel's taps, ≥ 1
  Index groups = 1;          ///< of channels, each convolved by itself
  bool bias = true;          ///< a number for each output channel
  /// Default: torch.nn.ConvTranspose2d's, kaiming_uniform(a=√5, mode=fan_out): what PyTorch reads off the
  /// weight's shape as fan-in is the layer's true fan-out.
  std::optional<Initializer> weight_init{};
  std::optional<Initializer> bias_init{};  ///< default: fan_uniform(mode=fan_out), U(±1/√fan_out), likewise
};

/// Transposed convolution: x [N, in, H, W], weight [in, out/groups, k, k] → [N, out, H', W'] with
/// H' = (H-1)·stride - 2·padding + dilation·(k-1) + output_padding + 1 (torch.nn.ConvTranspose2d).
class ConvTranspose2d final : public Module {
 public:
  /// Error for options out of range.
  explicit ConvTranspose2d(ConvTranspose2dOptions options);

  ParameterRef weight{"weight"}, bias{"bias"};  ///< [in, out/groups, k, k] and [out]; `bias` may be null

  std::string kind() const override { return "ConvTranspose2d"; }
  std::string describe() const override;

 protected:
  Tensor forward(const Tensor& x) override;

 private:
  ConvTranspose2dOptions options_;
};

}  // namespace fanin::nn
