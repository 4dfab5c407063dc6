#include <algorithm>
#include <cmath>

#include <fanin/autograd/node.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/kernels/pointwise/elementwise.hpp>
#include <fanin/kernels/reduce/softmax.hpp>
#include <fanin/ops/checks.hpp>
#include <fanin/ops/elementwise.hpp>
#include <fanin/ops/loss.hpp>
#include <fanin/ops/reduce.hpp>
#include <fanin/ops/softmax.hpp>

namespace fanin::ops {
namespace {

struct CrossEntropyOp {
  static constexpr const char* name = "cross_entropy";
  PoolVector<std::int32_t> labels;
  Tensor class_weights;
  real label_smoothing;
  Tensor probabilities;

  auto saved() const { return std::array{class_weights}; }

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

struct NllOp {
  static constexpr const char* name = "nll";
  PoolVector<std::int32_t> labels;
  Tensor class_weights;
  double total;  // of the weights of the rows that count
  Shape from;

  auto saved() const { return std::array{class_weights}; }

  double weight(std::int32_t label) const {
    return class_weights.defined() ? static_cast<double>(class_weights.data()[label]) : 1;
  }
  /// Calls visit(where a row's label stands, its weight) for the rows that count.
  void each(const auto& visit) const {
    for (std::size_t i = 0; i < labels.size(); ++i) {
      if (labels[i] != kernels::ignored_label)
        visit(static_cast<Index>(i) * from[1] + labels[i], weight(labels[i]));
    }
  }
  Tensor forward(const Tensor& x) {
    double sum = 0;
    each([&](Index at, double w) {
      sum -= w * static_cast<double>(x.data()[at]);
      total += w;
    });
    return Tensor::scalar(static_cast<real>(sum / total));
  }
  void backward(const Tensor& grad_output, Gradients& grads) {
    const auto g = grads.slot(0);
    if (!g.accumulate) std::fill_n(g.data, from.numel(), real(0));
    const double scale = static_cast<double>(grad_output.item()) / total;
    each([&](Index at, double w) { g.data[at] -= static_cast<real>(scale * w); });
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

void require_class_weights(const char* op, const Tensor& weights, const Tensor& x) {
  const Index classes = x.size(1);
  require_vector(op, "class_weights", weights, classes, x.shape());
  for (Index i = 0; weights.defined() && i < classes; ++i) {
    const real weight = weights.data()[i];
    if (!(weight >= 0) || !std::isfinite(weight))
      fail("{}: class weight {} of class {} must be a finite number ≥ 0", op, weight, i);
  }
}

/// The labels as the kernels take them. Error for what is no batch of rows of one label each.
PoolVector<std::int32_t> checked_labels(const char* op, const char* what, const Tensor& x,
                                        std::span<const std::int32_t> labels, const Tensor& class_weights,
                                        std::int32_t ignore_index) {
  require_rank(op, what, x, 2, "[N, classes]");
  const Index rows = x.size(0), classes = x.size(1);
  if (rows < 1 || classes < 1) fail("{}: {} {} are empty", op, what, x.shape().to_string());
  if (static_cast<Index>(labels.size()) != rows)
    fail("{}: {} labels for {} {}: one a row is needed", op, labels.size(), what, x.shape().to_string());
  require_class_weights(op, class_weights, x);
  PoolVector<std::int32_t> kept(labels.begin(), labels.end());
  bool any = false;
  double total = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] == ignore_index) {
      kept[i] = kernels::ignored_label;
      continue;
    }
    if (labels[i] < 0 || labels[i] >= classes) {
      fail("{}: label {} of row {} is out of range for {} classes", op, labels[i], i, classes);
    }
    any = true;
    if (class_weights.defined()) total += static_cast<double>(class_weights.data()[labels[i]]);
  }
  if (!any) fail("{}: every label is ignore_index, {}: there is nothing to average", op, ignore_index);
  if (class_weights.defined() && !(total > 0)) {
    fail("{}: the class weights of the batch's labels sum to {}: it must be above 0", op, total);
  }
  return kept;
}

void require_smoothing(double smoothing) {
  if (!(smoothing >= 0 && smoothing <= 1))
    fail("cross_entropy: label_smoothing {} must be in [0, 1]", smoothing);
}

}  // namespace

Tensor cross_entropy(const Tensor& logits, std::span<const std::int32_t> labels,
                     const CrossEntropyOptions& options) {
  const auto& [smoothing, class_weights, ignore_index] = options;
  auto kept = checked_labels("cross_entropy", "logits", logits, labels, class_weights, ignore_index);
  require_smoothing(smoothing);
  return record(CrossEntropyOp{std::move(kept), class_weights, static_cast<real>(smoothing), {}}, logits);
}

Tensor cross_entropy(const Tensor& logits, const Tensor& target, const CrossEntropyOptions& options) {
  const char* op = "cross_entropy";
  require_rank(op, "logits", logits, 2, "[N, classes]");
  require_defined(op, "target", target);
  if (logits.shape() != target.shape() || logits.numel() == 0)
    fail("{}: logits {} and a target of distributions {} must have one shape, not empty", op,
         logits.shape().to_string(), target.shape().to_string());
  require_smoothing(options.label_smoothing);
  require_class_weights(op, options.class_weights, logits);
  for (const real t : target.values()) {
    if (!(t >= 0)) fail("{}: target {} holds {}, which is no probability", op, target.shape().to_string(), t);
  }
  Tensor wanted = target;
  if (const double e = options.label_smoothing; e > 0)
    wanted = add(mul(target, 1 - e), e / static_cast<double>(logits.size(1)));
  if (options.class_weights.defined()) wanted = mul(wanted, options.class_weights.detach());
  return mul(sum(mul(wanted, log_softmax(logits))), -1 / static_cast<double>(logits.size(0)));
}

Tensor nll(const Tensor& log_probabilities, std::span<const std::int32_t> labels, const NllOptions& options) {
  auto kept = checked_labels("nll", "log-probabilities", log_probabilities, labels, options.class_weights,
                             options.ignore_index);
  return record(NllOp{std::move(kept), options.class_weights, 0, log_probabilities.shape()},
                log_probabilities);
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
