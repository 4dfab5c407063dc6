#include <limits>

#include <fanin/autograd/node.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/kernels/reduce/pool.hpp>
#include <fanin/ops/checks.hpp>
#include <fanin/ops/pool2d.hpp>

namespace fanin::ops {
namespace {

constexpr Index largest_kernel = 1 << 16;

struct MaxPool2dOp {
  static constexpr const char* name = "max_pool2d";
  kernels::PoolShape pool;
  Shape input;
  PoolVector<std::int32_t> argmax;

  kernels::PoolShape facts() const { return pool; }

  Tensor forward(const Tensor& x) {
    input = x.shape();
    Tensor y({input[0], input[1], pool.out_h(), pool.out_w()});
    const bool record_argmax = grad_enabled() && x.requires_grad();
    if (record_argmax) argmax.resize(static_cast<std::size_t>(y.numel()));
    kernels::max_pool_forward(pool, x.data(), y.data(), record_argmax ? argmax.data() : nullptr);
    return y;
  }

  void backward(const Tensor& grad_output, Gradients& grads) {
    Tensor gx(input);
    kernels::max_pool_backward(pool, argmax.data(), grad_output.data(), gx.data());
    grads.give(0, std::move(gx));
  }
};

struct AvgPool2dOp {
  static constexpr const char* name = "avg_pool2d";
  kernels::PoolShape pool;
  Shape input;

  kernels::PoolShape facts() const { return pool; }

  Tensor forward(const Tensor& x) {
    input = x.shape();
    Tensor y({input[0], input[1], pool.out_h(), pool.out_w()});
    kernels::avg_pool_forward(pool, x.data(), y.data());
    return y;
  }

  void backward(const Tensor& grad_output, Gradients& grads) {
    Tensor gx(input);
    kernels::avg_pool_backward(pool, grad_output.data(), gx.data());
    grads.give(0, std::move(gx));
  }
};

struct AdaptiveAvgPool2dOp {
  static constexpr const char* name = "adaptive_avg_pool2d";
  Pair output;
  Shape input;

  Tensor forward(const Tensor& x) {
    input = x.shape();
    Tensor y({input[0], input[1], output.h, output.w});
    kernels::adaptive_avg_pool_forward(input[0] * input[1], input[2], input[3], output.h, output.w, x.data(),
                                       y.data());
    return y;
  }

  void backward(const Tensor& grad_output, Gradients& grads) {
    Tensor gx(input);
    kernels::adaptive_avg_pool_backward(input[0] * input[1], input[2], input[3], output.h, output.w,
                                        grad_output.data(), gx.data());
    grads.give(0, std::move(gx));
  }
};

kernels::PoolShape pool_shape(const char* op, const Tensor& x, const Pool2dOptions& options) {
  require_rank(op, "input", x, 4, "[N, C, H, W]");
  const auto [kernel, given_stride, padding] = options;
  const Pair stride = given_stride.value_or(kernel);
  if (kernel.h < 1 || kernel.w < 1 || kernel.h > largest_kernel || kernel.w > largest_kernel) {
    fail("{}: kernel ({}, {}) must be in 1..{}", op, kernel.h, kernel.w, largest_kernel);
  }
  if (stride.h < 1 || stride.w < 1) fail("{}: stride ({}, {}) must be at least 1", op, stride.h, stride.w);
  if (padding.h < 0 || padding.w < 0 || padding.h > kernel.h / 2 || padding.w > kernel.w / 2) {
    fail("{}: padding ({}, {}) must be in 0..kernel/2, the kernel is ({}, {})", op, padding.h, padding.w,
         kernel.h, kernel.w);
  }
  if (x.size(2) < 1 || x.size(3) < 1 || x.size(2) < kernel.h - 2 * padding.h ||
      x.size(3) < kernel.w - 2 * padding.w) {
    fail("{}: input {} with padding ({}, {}) is smaller than the kernel ({}, {})", op, x.shape().to_string(),
         padding.h, padding.w, kernel.h, kernel.w);
  }
  if (x.size(2) * x.size(3) > std::numeric_limits<std::int32_t>::max()) {
    fail("{}: a plane of input {} has too many pixels", op, x.shape().to_string());
  }
  return {.batch_channels = x.size(0) * x.size(1),
          .height = x.size(2),
          .width = x.size(3),
          .kernel_h = kernel.h,
          .kernel_w = kernel.w,
          .stride_h = stride.h,
          .stride_w = stride.w,
          .pad_h = padding.h,
          .pad_w = padding.w};
}

}  // namespace

Tensor max_pool2d(const Tensor& x, const Pool2dOptions& options) {
  return record(MaxPool2dOp{pool_shape("max_pool2d", x, options), {}, {}}, x);
}

Tensor avg_pool2d(const Tensor& x, const Pool2dOptions& options) {
  return record(AvgPool2dOp{pool_shape("avg_pool2d", x, options), {}}, x);
}

Tensor adaptive_avg_pool2d(const Tensor& x, Pair output) {
  require_rank("adaptive_avg_pool2d", "input", x, 4, "[N, C, H, W]");
  if (output.h < 1 || output.w < 1 || x.size(2) < 1 || x.size(3) < 1) {
    fail("adaptive_avg_pool2d: input {} cannot be pooled to ({}, {}): all sizes must be at least 1",
         x.shape().to_string(), output.h, output.w);
  }
  return record(AdaptiveAvgPool2dOp{output, {}}, x);
}

}  // namespace fanin::ops
