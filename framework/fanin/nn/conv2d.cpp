#include <algorithm>
#include <cmath>

#include <fanin/core/fail.hpp>
#include <fanin/nn/conv2d.hpp>

namespace fanin::nn {
namespace {

/// "3" where both are one, "3x1" otherwise: height by width.
std::string text_of(const ops::Pair& pair) {
  return pair.h == pair.w ? fmt::format("{}", pair.h) : fmt::format("{}x{}", pair.h, pair.w);
}

template <class Options>
void check(const char* kind, const Options& o) {
  const auto least = [](const ops::Pair& pair) { return std::min(pair.h, pair.w); };
  if (o.in < 1 || o.out < 1 || least(o.kernel) < 1 || least(o.stride) < 1 || least(o.dilation) < 1 ||
      o.groups < 1 || least(o.padding) < 0) {
    fail(
        "{}: in, out, kernel, stride, dilation and groups must be at least 1 and padding at least 0; got "
        "in={}, out={}, kernel={}, stride={}, padding={}, dilation={}, groups={}",
        kind, o.in, o.out, text_of(o.kernel), text_of(o.stride), text_of(o.padding), text_of(o.dilation),
        o.groups);
  }
  if (std::max(o.kernel.h, o.kernel.w) > 1 << 16)
    fail("{}: kernel={} must be at most {}", kind, text_of(o.kernel), 1 << 16);
  if (o.in % o.groups != 0 || o.out % o.groups != 0) {
    fail("{}: in={} and out={} must be multiples of groups={}", kind, o.in, o.out, o.groups);
  }
}

template <class Options>
std::string text(const char* kind, const Options& o) {
  std::string result = fmt::format("{}({}, {}, kernel={}", kind, o.in, o.out, text_of(o.kernel));
  const auto add = [&](const char* name, const ops::Pair& value, Index usual) {
    if (value != usual) result += fmt::format(", {}={}", name, text_of(value));
  };
  add("stride", o.stride, 1);
  add("padding", o.padding, 0);
  add("dilation", o.dilation, 1);
  add("groups", o.groups, 1);
  if (!o.bias) result += ", bias=false";
  return result + ")";
}

}  // namespace

Conv2d::Conv2d(Conv2dOptions options) : options_(std::move(options)) {
  check("Conv2d", options_);
  const auto& o = options_;
  const Index field = o.kernel.h * o.kernel.w;
  const Fans fans{
      .in = o.in / o.groups * field, .out = o.out / o.groups * field, .out_parts = o.stride.h * o.stride.w};
  weight = add_parameter("weight", {o.out, o.in / o.groups, o.kernel.h, o.kernel.w},
                         init::kaiming_uniform({.a = std::sqrt(5.0)}), fans, o.weight_init);
  if (o.bias) bias = add_parameter("bias", {o.out}, init::fan_uniform(), fans, o.bias_init);
}

std::string Conv2d::describe() const { return text("Conv2d", options_); }

ops::Conv2dOptions Conv2d::op_options(kernels::Activation activation) const {
  const auto& o = options_;
  return {.stride = o.stride,
          .padding = o.padding,
          .dilation = o.dilation,
          .groups = o.groups,
          .activation = activation};
}

Tensor Conv2d::run_activated(const Tensor& x, kernels::Activation activation) const {
  return ops::conv2d(x, weight->use(), bias ? bias->use() : Tensor(), op_options(activation));
}

Tensor Conv2d::run_relu_max_pool(const Tensor& x) const {
  return ops::conv2d_relu_max_pool(x, weight->use(), bias ? bias->use() : Tensor(), op_options({}));
}

ConvTranspose2d::ConvTranspose2d(ConvTranspose2dOptions options) : options_(std::move(options)) {
  check("ConvTranspose2d", options_);
  const auto& o = options_;
  const ops::Pair& added = o.output_padding;
  if (std::min(added.h, added.w) < 0 || added.h >= std::max(o.stride.h, o.dilation.h) ||
      added.w >= std::max(o.stride.w, o.dilation.w)) {
    fail("ConvTranspose2d: output_padding={} must be at least 0 and less than stride={} or dilation={}",
         text_of(added), text_of(o.stride), text_of(o.dilation));
  }
  const Index field = o.kernel.h * o.kernel.w;
  const Fans fans{
      .in = o.in / o.groups * field, .out = o.out / o.groups * field, .in_parts = o.stride.h * o.stride.w};
  weight = add_parameter("weight", {o.in, o.out / o.groups, o.kernel.h, o.kernel.w},
                         init::kaiming_uniform({.a = std::sqrt(5.0), .mode = Fan::out}), fans, o.weight_init);
  if (o.bias) bias = add_parameter("bias", {o.out}, init::fan_uniform({.mode = Fan::out}), fans, o.bias_init);
}

std::string ConvTranspose2d::describe() const { return text("ConvTranspose2d", options_); }

Tensor ConvTranspose2d::forward(const Tensor& x) {
  const auto& o = options_;
  return ops::conv_transpose2d(x, weight->use(), bias ? bias->use() : Tensor(),
                               {.stride = o.stride,
                                .padding = o.padding,
                                .output_padding = o.output_padding,
                                .dilation = o.dilation,
                                .groups = o.groups});
}

}  // namespace fanin::nn
