#include <cmath>

#include <fanin/autograd/node.hpp>
#include <fanin/core/error.hpp>
#include <fanin/kernels/pointwise/elementwise.hpp>
#include <fanin/kernels/reduce/softmax.hpp>
#include <fanin/ops/checks.hpp>
#include <fanin/ops/loss.hpp>

namespace fanin::ops {
namespace {

struct CrossEntropyOp {
  static constexpr const char* name = "cross_entropy";
  PoolVector<std::int32_t> labels;
  Tensor class_weights;
  real label_smoothing;
  Tensor probabilities;

  Tensor forward(const Tensor& logits) {
    probabilities = Tensor(logits.shape());
    return Tensor::scalar(kernels::cross_entropy_forward(logits.size(0), logits.size(1), logits.data(),
                                                         labels.data(), data_or_null(class_weights),
                                                         label_smoothing, probabilities.data()));
  }

  void backward(const Tensor& grad_output, Gradients& grads) {
    Tensor gx(probabilities.shape());
    kernels::cross_entropy_backward(gx.size(0), gx.size(1), probabilities.data(), labels.data(),
                                    data_or_null(class_weights), label_smoothing, grad_output.item(),
                                    gx.data());
    grads.give(0, std::move(gx));
  }
};

struct MseOp {
  static constexpr const char* name = "mse";
  Tensor difference;

  Tensor forward(const Tensor& x, const Tensor& target) {
    difference = Tensor(x.shape());
    return Tensor::scalar(
        kernels::mean_squared_difference(x.numel(), x.data(), target.data(), difference.data()));
  }

  void backward(const Tensor& grad_output, Gradients& grads) {
    const Index n = difference.numel();
    const real scale = 2 * grad_output.item() / static_cast<real>(n);
    for (int i = 0; i < 2; ++i) {
      if (!grads.wanted(i)) continue;
      const auto g = grads.slot(i);
      kernels::scaled(n, i == 0 ? scale : -scale, difference.data(), g.data, g.accumulate);
    }
  }
};

}  // namespace

Tensor cross_entropy(const Tensor& logits, std::span<const std::int32_t> labels,
                     const CrossEntropyOptions& options) {
  const char* op = "cross_entropy";
  require_rank(op, "logits", logits, 2, "[N, classes]");
  const Index rows = logits.size(0), classes = logits.size(1);
  if (rows < 1 || classes < 1) fail("{}: logits {} are empty", op, logits.shape().to_string());
  if (static_cast<Index>(labels.size()) != rows) {
    fail("{}: {} labels for logits {}: one a row is needed", op, labels.size(), logits.shape().to_string());
  }
  if (!(options.label_smoothing >= 0 && options.label_smoothing <= 1)) {
    fail("{}: label_smoothing {} must be in [0, 1]", op, options.label_smoothing);
  }
  require_vector(op, "class_weights", options.class_weights, classes, logits.shape());
  for (Index i = 0; options.class_weights.defined() && i < classes; ++i) {
    const real weight = options.class_weights.data()[i];
    if (!(weight >= 0) || !std::isfinite(weight))
      fail("{}: class weight {} of class {} must be a finite number ≥ 0", op, weight, i);
  }
  PoolVector<std::int32_t> kept(labels.begin(), labels.end());
  bool any = false;
  double total = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] == options.ignore_index) {
      kept[i] = kernels::ignored_label;
      continue;
    }
    if (labels[i] < 0 || labels[i] >= classes) {
      fail("{}: label {} of row {} is out of range for {} classes", op, labels[i], i, classes);
    }
    any = true;
    if (options.class_weights.defined())
      total += static_cast<double>(options.class_weights.data()[labels[i]]);
  }
  if (!any)
    fail("{}: every label is ignore_index, {}: there is nothing to average", op, options.ignore_index);
  if (options.class_weights.defined() && !(total > 0)) {
    fail("{}: the class weights of the batch's labels sum to {}: it must be above 0", op, total);
  }
  return record(
      CrossEntropyOp{std::move(kept), options.class_weights, static_cast<real>(options.label_smoothing), {}},
      logits);
}

Tensor mse(const Tensor& x, const Tensor& target) {
  require_defined("mse", "input", x);
  require_defined("mse", "target", target);
  if (x.shape() != target.shape() || x.numel() == 0) {
    fail("mse: input {} and target {} must have one shape, not empty", x.shape().to_string(),
         target.shape().to_string());
  }
  return record(MseOp{}, x, target);
}

}  // namespace fanin::ops
