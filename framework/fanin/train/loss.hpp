#pragma once
#include <functional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include <fanin/core/tensor.hpp>
#include <fanin/ops/loss.hpp>

namespace fanin::train {

/// What a model is trained to make small: a function of its outputs and a batch's targets, as a value. Of one
/// output and one target any function of two tensors does, `ops::mse` or a lambda; of several, one of two
/// spans.
class Loss {
 public:
  /// Gives a scalar, a mean over the batch.
  using Function = std::function<Tensor(std::span<const Tensor> outputs, std::span<const Tensor> targets)>;

  /// Of several tensors. Error for an empty function.
  template <class Of>
  requires std::is_invocable_r_v<Tensor, Of, std::span<const Tensor>, std::span<const Tensor>> Loss(Of of)
      : Loss(Function(std::move(of)), 0) {}
  /// Of one output and one target; several of either are then an Error.
  template <class Of>
  requires std::is_invocable_r_v<Tensor, Of, const Tensor&, const Tensor&> Loss(Of of)
      : Loss(Function([of = std::move(of)](std::span<const Tensor> outputs, std::span<const Tensor> targets) {
               require_one_each(outputs, targets);
               return of(outputs[0], targets[0]);
             }),
             0) {}

  /// The loss of a batch. Error when the function gives no scalar.
  Tensor operator()(std::span<const Tensor> outputs, std::span<const Tensor> targets) const;

 private:
  Loss(Function function, int);
  static void require_one_each(std::span<const Tensor> outputs, std::span<const Tensor> targets);
  Function function_;
};

/// ops::cross_entropy of class labels, whole numbers [N], or of distributions [N, classes].
Loss cross_entropy(const ops::CrossEntropyOptions& options = {});
/// @{
/// ops::huber and ops::bce_with_logits; those that take no options, `ops::l1` say, are losses as they are.
Loss huber(double delta = 1);
Loss bce_with_logits(const Tensor& pos_weight = {});
/// @}

}  // namespace fanin::train
