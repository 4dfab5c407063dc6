#pragma once
#include <fanin/nn/module.hpp>
#include <fanin/ops/conv2d.hpp>

namespace fanin::nn {

/// Of Conv2d; what is one number holds for height and width, `{3, 1}` for each its own.
struct Conv2dOptions {
  Index in = 0;                              ///< input channels, a multiple of `groups`
  Index out = 0;                             ///< output channels, a multiple of `groups`
  ops::Pair kernel = 0;                      ///< size of the kernel, ≥ 1
  ops::Pair stride = 1;                      ///< ≥ 1
  ops::Pair padding = 0;                     ///< zeros on each side, ≥ 0
  ops::Pair dilation = 1;                    ///< distance of the kernel's taps, ≥ 1
  Index groups = 1;                          ///< of channels, each convolved by itself
  bool bias = true;                          ///< a number for each output channel
  std::optional<Initializer> weight_init{};  ///< default: kaiming_uniform(a=√5), as torch.nn.Conv2d
  std::optional<Initializer> bias_init{};    ///< default: fan_uniform, U(±1/√fan_in), as torch.nn.Conv2d
};

/// 2-d cross-correlation: x [N, in, H, W], weight [out, in/groups, kh, kw] → [N, out, H', W'] with
/// H' = (H + 2·padding - dilation·(kh-1) - 1) / stride + 1 (torch.nn.Conv2d).
class Conv2d final : public Module {
 public:
  /// @{
  /// Error for options out of range.
  explicit Conv2d(Conv2dOptions options);
  Conv2d(Index in, Index out, ops::Pair kernel, ops::Pair stride = 1, ops::Pair padding = 0,
         ops::Pair dilation = 1, Index groups = 1, bool with_bias = true)
      : Conv2d(Conv2dOptions{.in = in,
                             .out = out,
                             .kernel = kernel,
                             .stride = stride,
                             .padding = padding,
                             .dilation = dilation,
                             .groups = groups,
                             .bias = with_bias}) {}
  /// @}

  ParameterRef weight{"weight"}, bias{"bias"};  ///< [out, in/groups, kh, kw] and [out]; `bias` may be null

  std::string kind() const override { return "Conv2d"; }
  std::string describe() const override;
  /// The layer with an activation behind it, in one pass.
  Tensor run_activated(const Tensor& x, kernels::Activation activation) const;
  /// The layer with ReLU and a max pool over 2×2 windows behind it, in one pass.
  Tensor run_relu_max_pool(const Tensor& x) const;
  const Conv2dOptions& options() const { return options_; }  ///< as given

 protected:
  Tensor forward(const Tensor& x) override { return run_activated(x, {}); }
  ModulePtr copy() const override { return copied(*this); }

 private:
  ops::Conv2dOptions op_options(kernels::Activation activation) const;

  Conv2dOptions options_;
};

/// Of ConvTranspose2d: those of the Conv2d that it is the transpose of.
struct ConvTranspose2dOptions {
  Index in = 0;           ///< input channels, a multiple of `groups`
  Index out = 0;          ///< output channels, a multiple of `groups`
  ops::Pair kernel = 0;   ///< size of the kernel, ≥ 1
  ops::Pair stride = 1;   ///< ≥ 1: how far apart the inputs lie in the output
  ops::Pair padding = 0;  ///< rows and columns cut off on each side of the output, ≥ 0
  /// Rows and columns added at the bottom and right; less than stride or dilation.
  ops::Pair output_padding = 0;
  ops::Pair dilation = 1;  ///< distance of the kernel's taps, ≥ 1
  Index groups = 1;        ///< of channels, each convolved by itself
  bool bias = true;        ///< a number for each output channel
  /// Default: torch.nn.ConvTranspose2d's, kaiming_uniform(a=√5, mode=fan_out): what PyTorch reads off the
  /// weight's shape as fan-in is the layer's true fan-out.
  std::optional<Initializer> weight_init{};
  std::optional<Initializer> bias_init{};  ///< default: fan_uniform(mode=fan_out), U(±1/√fan_out), likewise
};

/// Transposed convolution: x [N, in, H, W], weight [in, out/groups, kh, kw] → [N, out, H', W'] with
/// H' = (H-1)·stride - 2·padding + dilation·(kh-1) + output_padding + 1 (torch.nn.ConvTranspose2d).
class ConvTranspose2d final : public Module {
 public:
  /// @{
  /// Error for options out of range.
  explicit ConvTranspose2d(ConvTranspose2dOptions options);
  ConvTranspose2d(Index in, Index out, ops::Pair kernel, ops::Pair stride = 1, ops::Pair padding = 0,
                  ops::Pair output_padding = 0, Index groups = 1, bool with_bias = true,
                  ops::Pair dilation = 1)
      : ConvTranspose2d(ConvTranspose2dOptions{.in = in,
                                               .out = out,
                                               .kernel = kernel,
                                               .stride = stride,
                                               .padding = padding,
                                               .output_padding = output_padding,
                                               .dilation = dilation,
                                               .groups = groups,
                                               .bias = with_bias}) {}
  /// @}

  ParameterRef weight{"weight"}, bias{"bias"};  ///< [in, out/groups, kh, kw] and [out]; `bias` may be null

  std::string kind() const override { return "ConvTranspose2d"; }
  std::string describe() const override;

 protected:
  Tensor forward(const Tensor& x) override;
  ModulePtr copy() const override { return copied(*this); }

 private:
  ConvTranspose2dOptions options_;
};

}  // namespace fanin::nn
