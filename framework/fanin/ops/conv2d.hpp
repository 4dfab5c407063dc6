#pragma once
#include <fanin/core/tensor.hpp>
#include <fanin/ops/activation.hpp>
#include <fanin/ops/pair.hpp>

namespace fanin::ops {

/// Of conv2d, for height and width.
struct Conv2dOptions {
  Pair stride = 1;             ///< 1..65536
  Pair padding = 0;            ///< zeros on each side, 0..65536
  Pair dilation = 1;           ///< distance of the kernel's taps, 1..65536
  Index groups = 1;            ///< of channels, each convolved by itself; divides C and out
  Activation activation = {};  ///< fused behind the bias
};

/// act(x ⋆ weight + bias): torch.nn.functional.conv2d.
/// x [N, C, H, W], weight [out, C/groups, kh, kw], bias [out] or undefined; gives [N, out, H', W'] with
/// H' = (H + 2·padding - dilation·(kh-1) - 1) / stride + 1. Error where these do not fit.
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
              const Conv2dOptions& options = {});

/// max_pool2d(relu(conv2d(x, weight, bias, options)), 2), the same numbers and gradients, without the planes
/// in between ever being in memory whole. Where they are of odd height or width, the ops run one after
/// another. Error for an activation other than ReLU, and those of conv2d.
Tensor conv2d_relu_max_pool(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
                            const Conv2dOptions& options = {});

/// Of conv_transpose2d, for height and width: those of the conv2d that it is the transpose of.
struct ConvTranspose2dOptions {
  Pair stride = 1;          ///< 1..65536
  Pair padding = 0;         ///< rows and columns cut off on each side of the output, 0..65536
  Pair output_padding = 0;  ///< rows and columns added at the bottom and right; less than stride or dilation
  Pair dilation = 1;        ///< distance of the kernel's taps, 1..65536
  Index groups = 1;         ///< of channels, each convolved by itself; divides C and out
};

/// The transpose of conv2d as a map: torch.nn.functional.conv_transpose2d.
/// x [N, C, H, W], weight [C, out/groups, kh, kw], bias [out] or undefined; gives [N, out, H', W'] with
/// H' = (H-1)·stride - 2·padding + dilation·(kh-1) + output_padding + 1. Error where these do not fit.
Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
                        const ConvTranspose2dOptions& options = {});

}  // namespace fanin::ops
