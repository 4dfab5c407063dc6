#pragma once
#include <fanin/core/tensor.hpp>
#include <fanin/kernels/pointwise/activation.hpp>

namespace fanin::ops {

/// Error unless the parameter is one the activation can have.
void require_activation(const char* op, kernels::Activation activation);

/// The activation behind a linear op: it keeps the pre-activation or the output, whichever its derivative
/// needs.
class FusedActivation {
 public:
  /// Error as `require_activation`, in the name of `op`.
  FusedActivation(const char* op, kernels::Activation activation) : activation_(activation) {
    require_activation(op, activation);
  }

  /// A tensor of `shape` behind the activation; `compute(fused, y)` writes fused(pre-activation) to y.
  template <class Compute>
  Tensor forward(const Shape& shape, Compute compute) {
    Tensor y(shape);
    if (backward_needs_input(activation_)) {
      kept_ = Tensor(shape);
      compute(kernels::Activation{}, kept_.data());
      activation_forward(activation_, y.numel(), kept_.data(), y.data());
    } else {
      compute(activation_, y.data());
      if (active()) kept_ = y;
    }
    return y;
  }

  /// The gradient before the activation; written over one that nobody else holds.
  Tensor backward(const Tensor& grad_output) const {
    if (!active()) return grad_output;
    Tensor grad_pre = room_for(grad_output);
    const bool from_input = backward_needs_input(activation_);
    activation_backward(activation_, grad_pre.numel(), from_input ? kept_.data() : nullptr,
                        from_input ? nullptr : kept_.data(), grad_output.data(), grad_pre.data(), false);
    return grad_pre;
  }
  /// As `backward`, of a matrix [rows, columns] whose columns are shared out among the threads.
  Tensor backward_by_column(const Tensor& grad_output, Index rows, Index columns) const {
    if (!active()) return grad_output;
    Tensor grad_pre = room_for(grad_output);
    activation_backward_by_column(activation_, rows, columns, kept_.data(), grad_output.data(),
                                  grad_pre.data());
    return grad_pre;
  }

  /// What it keeps, for an op's `saved()`.
  const Tensor& kept() const { return kept_; }

 private:
  static Tensor room_for(const Tensor& gradient) {
    return gradient.unique() ? gradient : Tensor(gradient.shape());
  }
  bool active() const { return activation_.kind != kernels::Activation::Kind::none; }

  kernels::Activation activation_;
  Tensor kept_;
};

}  // namespace fanin::ops
