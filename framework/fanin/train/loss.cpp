#include <cmath>

#include <fanin/core/fail.hpp>
#include <fanin/core/memory.hpp>
#include <fanin/ops/elementwise_loss.hpp>
#include <fanin/train/loss.hpp>

namespace fanin::train {

Loss::Loss(Function function, int) : function_(std::move(function)) {
  if (!function_) fail("a loss needs a function, got an empty one");
}

void Loss::require_one_each(std::span<const Tensor> outputs, std::span<const Tensor> targets) {
  if (outputs.size() == 1 && targets.size() == 1) return;
  fail(
      "this loss is of one output and one target, and got {} and {}; give a function of two spans of tensors",
      outputs.size(), targets.size());
}

Tensor Loss::operator()(std::span<const Tensor> outputs, std::span<const Tensor> targets) const {
  Tensor value = function_(outputs, targets);
  if (!value.defined() || value.numel() != 1)
    fail("a loss must be one number: got {}",
         value.defined() ? "shape " + value.shape().to_string() : "an undefined tensor");
  return value;
}

Loss cross_entropy(const ops::CrossEntropyOptions& options) {
  return [options](const Tensor& logits, const Tensor& target) {
    if (target.rank() != 1) return ops::cross_entropy(logits, target, options);
    PoolVector<std::int32_t> labels;
    labels.reserve(static_cast<std::size_t>(target.numel()));
    for (const real label : target.values()) {
      if (label != std::floor(label) || std::abs(label) > real{1e9})
        fail(
            "cross_entropy: the target {} is no class; give whole numbers [N], or distributions [N, classes]",
            label);
      labels.push_back(static_cast<std::int32_t>(label));
    }
    return ops::cross_entropy(logits, labels, options);
  };
}

Loss huber(double delta) {
  return [delta](const Tensor& x, const Tensor& target) { return ops::huber(x, target, delta); };
}

Loss bce_with_logits(const Tensor& pos_weight) {
  return [pos_weight](const Tensor& x, const Tensor& target) {
    return ops::bce_with_logits(x, target, pos_weight);
  };
}

}  // namespace fanin::train
