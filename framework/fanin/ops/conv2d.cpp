#include <algorithm>

#include <fanin/autograd/node.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/kernels/conv/conv.hpp>
#include <fanin/kernels/norm/channels.hpp>
#include <fanin/ops/checks.hpp>
#include <fanin/ops/conv2d.hpp>
#include <fanin/ops/fused_activation.hpp>
#include <fanin/ops/pool2d.hpp>
#include <fanin/ops/reshape.hpp>

namespace fanin::ops {
namespace {

constexpr Index largest_option = 1 << 16;

void require_option(const char* op, const char* what, Pair value, Index least) {
  if (value.h < least || value.w < least || value.h > largest_option || value.w > largest_option) {
    fail("{}: {} ({}, {}) must be in {}..{}", op, what, value.h, value.w, least, largest_option);
  }
}

/// The size of `kernel` taps spread by `dilation`.
Index extent(Index kernel, Index dilation) { return dilation * (kernel - 1) + 1; }

void require_kernel(const char* op, const Tensor& weight) {
  if (weight.numel() == 0 || weight.size(2) > largest_option || weight.size(3) > largest_option) {
    fail("{}: weight {} must have at least one channel and a kernel of 1..{} on each side", op,
         weight.shape().to_string(), largest_option);
  }
}

void backward_of_conv(const kernels::ConvShape& shape, const Tensor& x, const Tensor& weight,
                      kernels::OutputGradient grad_y, Gradients& grads) {
  if (grads.wanted(1) || grads.wanted(2)) {
    const auto gw = grads.slot_if_wanted(1), gb = grads.slot_if_wanted(2);
    kernels::conv_backward_weights(shape, x.data(), grad_y, gw.data, gw.accumulate, gb.data, gb.accumulate);
  }
  if (grads.wanted(0)) {
    const auto gx = grads.slot(0);
    kernels::conv_backward_data(shape, grad_y, weight.data(), gx.data, gx.accumulate);
  }
}

struct Conv2dOp {
  static constexpr const char* name = "conv2d";
  kernels::ConvShape shape;
  FusedActivation activation;
  Tensor x, weight;

  auto saved() const { return std::array{needed(x, weight), needed(weight, x), activation.kept()}; }

  Tensor forward(const Tensor& input, const Tensor& w, const Tensor& bias) {
    x = input, weight = w;
    return activation.forward(
        {shape.batch, shape.out_channels, shape.out_h(), shape.out_w()}, [&](Activation fused, real* y) {
          kernels::conv_forward(shape, x.data(), weight.data(), data_or_null(bias), fused, y);
        });
  }

  void backward(const Tensor& grad_output, Gradients& grads) {
    const Tensor grad_pre = activation.backward(grad_output);
    backward_of_conv(shape, x, weight, grad_pre.data(), grads);
  }
};

/// conv2d, ReLU and a 2×2 max pool in one pass: what lies between is never in memory whole, nor is its
/// gradient.
struct ConvReluPoolOp {
  static constexpr const char* name = "conv2d_relu_max_pool";
  kernels::ConvShape shape;
  Tensor x, weight;
  PoolVector<std::uint8_t> chosen;

  auto saved() const { return std::array{needed(x, weight), needed(weight, x)}; }

  Tensor forward(const Tensor& input, const Tensor& w, const Tensor& bias) {
    x = input, weight = w;
    Tensor y({shape.batch, shape.out_channels, shape.out_h() / 2, shape.out_w() / 2});
    const bool differentiable = grad_enabled() && (x.requires_grad() || weight.requires_grad() ||
                                                   (bias.defined() && bias.requires_grad()));
    if (differentiable) chosen.resize(static_cast<std::size_t>(y.numel()));
    kernels::conv_relu_pool_forward(shape, x.data(), weight.data(), data_or_null(bias), y.data(),
                                    differentiable ? chosen.data() : nullptr);
    return y;
  }

  void backward(const Tensor& grad_output, Gradients& grads) {
    backward_of_conv(shape, x, weight, {grad_output.data(), chosen.data()}, grads);
  }
};

struct ConvTranspose2dOp {
  static constexpr const char* name = "conv_transpose2d";
  kernels::ConvShape shape;  // of the convolution this is the transpose of: its output is our input
  Tensor x, weight;

  auto saved() const { return std::array{needed(x, weight), needed(weight, x)}; }

  Tensor forward(const Tensor& input, const Tensor& w, const Tensor& bias) {
    x = input, weight = w;
    Tensor y({shape.batch, shape.in_channels, shape.height, shape.width});
    kernels::conv_backward_data(shape, x.data(), weight.data(), y.data(), false);
    if (bias.defined()) {
      kernels::add_to_channels(shape.batch, shape.in_channels, shape.height * shape.width, bias.data(),
                               y.data());
    }
    return y;
  }

  void backward(const Tensor& grad_output, Gradients& grads) {
    if (grads.wanted(1)) {
      const auto gw = grads.slot(1);
      kernels::conv_backward_weights(shape, grad_output.data(), x.data(), gw.data, gw.accumulate, nullptr,
                                     false);
    }
    if (grads.wanted(2)) {
      const auto gb = grads.slot(2);
      kernels::channel_sums(shape.batch, shape.in_channels, shape.height * shape.width, grad_output.data(),
                            gb.data, gb.accumulate);
    }
    if (grads.wanted(0)) {
      Tensor gx(x.shape());
      kernels::conv_forward(shape, grad_output.data(), weight.data(), nullptr, {}, gx.data());
      grads.give(0, std::move(gx));
    }
  }
};

/// The convolution from an image [N, C, H, W] to `filters` channels; the transposed one runs it the other
/// way.
kernels::ConvShape conv_shape(const Shape& image, Index filters, const Tensor& weight, Pair stride,
                              Pair padding, Pair dilation, Index groups) {
  return {.batch = image[0],
          .in_channels = image[1],
          .height = image[2],
          .width = image[3],
          .out_channels = filters,
          .kernel_h = weight.size(2),
          .kernel_w = weight.size(3),
          .stride_h = stride.h,
          .stride_w = stride.w,
          .pad_h = padding.h,
          .pad_w = padding.w,
          .dilation_h = dilation.h,
          .dilation_w = dilation.w,
          .groups = groups};
}

/// The convolution's shape, after checking that everything fits.
kernels::ConvShape checked_shape(const char* op, const Tensor& x, const Tensor& weight, const Tensor& bias,
                                 const Conv2dOptions& options) {
  require_rank(op, "input", x, 4, "[N, C, H, W]");
  require_rank(op, "weight", weight, 4, "[out, C/groups, kh, kw]");
  require_kernel(op, weight);
  require_option(op, "stride", options.stride, 1);
  require_option(op, "padding", options.padding, 0);
  require_option(op, "dilation", options.dilation, 1);
  const auto& [stride, padding, dilation, groups, activation] = options;
  if (groups < 1 || weight.size(0) % groups != 0) {
    fail("{}: groups {} must divide the {} filters of weight {}", op, groups, weight.size(0),
         weight.shape().to_string());
  }
  if (x.size(1) % groups != 0 || x.size(1) / groups != weight.size(1)) {
    fail("{}: input {} does not fit weight {} with groups {}: it must have {}·{} channels", op,
         x.shape().to_string(), weight.shape().to_string(), groups, weight.size(1), groups);
  }
  require_vector(op, "bias", bias, weight.size(0), weight.shape());
  if (x.size(2) + 2 * padding.h < extent(weight.size(2), dilation.h) ||
      x.size(3) + 2 * padding.w < extent(weight.size(3), dilation.w)) {
    fail("{}: input {} with padding ({}, {}) is smaller than the kernel of weight {} with dilation ({}, {})",
         op, x.shape().to_string(), padding.h, padding.w, weight.shape().to_string(), dilation.h, dilation.w);
  }
  return conv_shape(x.shape(), weight.size(0), weight, stride, padding, dilation, groups);
}

/// x with `count` zeros behind its elements along `dim`.
Tensor with_zeros(const Tensor& x, int dim, Index count) {
  if (count == 0) return x;
  Shape zeros = x.shape();
  zeros.set(dim, count);
  return concat({x, Tensor::zeros(zeros)}, dim);
}

}  // namespace

Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Conv2dOptions& options) {
  const auto shape = checked_shape("conv2d", x, weight, bias, options);
  if (OpObserver::active() && options.activation != Activation{}) {
    auto plain = options;
    plain.activation = {};
    return activate(conv2d(x, weight, bias, plain), options.activation);
  }
  return record(Conv2dOp{shape, {"conv2d", options.activation}, {}, {}}, x, weight, bias);
}

Tensor conv2d_relu_max_pool(const Tensor& x, const Tensor& weight, const Tensor& bias,
                            const Conv2dOptions& options) {
  const auto shape = checked_shape("conv2d_relu_max_pool", x, weight, bias, options);
  const Activation relu{Activation::Kind::relu};
  if (options.activation != Activation{} && options.activation != relu) {
    fail("conv2d_relu_max_pool: its activation is ReLU, no other can be asked for");
  }
  if (shape.out_h() % 2 == 0 && shape.out_w() % 2 == 0 && !OpObserver::active())
    return record(ConvReluPoolOp{shape, {}, {}, {}}, x, weight, bias);
  auto apart = options;
  apart.activation = relu;
  return max_pool2d(conv2d(x, weight, bias, apart));
}

Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const ConvTranspose2dOptions& options) {
  const char* op = "conv_transpose2d";
  require_rank(op, "input", x, 4, "[N, C, H, W]");
  require_rank(op, "weight", weight, 4, "[C, out/groups, kh, kw]");
  require_kernel(op, weight);
  require_option(op, "stride", options.stride, 1);
  require_option(op, "padding", options.padding, 0);
  require_option(op, "output_padding", options.output_padding, 0);
  require_option(op, "dilation", options.dilation, 1);
  const auto [stride, padding, output_padding, dilation, groups] = options;
  if (output_padding.h >= std::max(stride.h, dilation.h) ||
      output_padding.w >= std::max(stride.w, dilation.w)) {
    fail("{}: output_padding ({}, {}) must be less than stride ({}, {}) or dilation ({}, {})", op,
         output_padding.h, output_padding.w, stride.h, stride.w, dilation.h, dilation.w);
  }
  if (groups < 1 || weight.size(0) % groups != 0) {
    fail("{}: groups {} must divide the {} input channels of weight {}", op, groups, weight.size(0),
         weight.shape().to_string());
  }
  if (x.size(1) != weight.size(0)) {
    fail("{}: input {} does not fit weight {}: it must have {} channels", op, x.shape().to_string(),
         weight.shape().to_string(), weight.size(0));
  }
  const Index out = weight.size(1) * groups;
  require_vector(op, "bias", bias, out, weight.shape());
  const Index height =
      (x.size(2) - 1) * stride.h - 2 * padding.h + extent(weight.size(2), dilation.h) + output_padding.h;
  const Index width =
      (x.size(3) - 1) * stride.w - 2 * padding.w + extent(weight.size(3), dilation.w) + output_padding.w;
  if (x.size(2) < 1 || x.size(3) < 1 || height < 1 || width < 1) {
    fail("{}: input {} with weight {} and padding ({}, {}) leaves an output of {} x {}", op,
         x.shape().to_string(), weight.shape().to_string(), padding.h, padding.w, height, width);
  }
  if (output_padding.h >= stride.h || output_padding.w >= stride.w) {
    // One more row of zeros in the input is `stride` more rows of output that only the others reach.
    const Index rows = output_padding.h / stride.h, columns = output_padding.w / stride.w;
    ConvTranspose2dOptions rest = options;
    rest.output_padding = {output_padding.h % stride.h, output_padding.w % stride.w};
    return conv_transpose2d(with_zeros(with_zeros(x, 2, rows), 3, columns), weight, bias, rest);
  }
  const auto shape =
      conv_shape({x.size(0), out, height, width}, x.size(1), weight, stride, padding, dilation, groups);
  return record(ConvTranspose2dOp{shape, {}, {}}, x, weight, bias);
}

}  // namespace fanin::ops
