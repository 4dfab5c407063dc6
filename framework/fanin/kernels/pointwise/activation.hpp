#pragma once
#include <fanin/core/real.hpp>

namespace fanin::kernels {

/// A pointwise nonlinearity, as a value: layers pass it to the fused epilogues of `linear_forward` and
/// `conv_forward`.
struct Activation {
  enum class Kind {
    none,
    relu,
    leaky_relu,
    elu,
    selu,
    gelu,
    sigmoid,
    tanh,
    softplus,
    silu,
    sine,
    mish,
    relu6,
    hardtanh,
    hardswish,
    softsign
  };
  Kind kind = Kind::none;
  /// leaky_relu: negative slope; elu: alpha; softplus: beta; sine: omega; others ignore it.
  real parameter = 0;

  bool operator==(const Activation&) const = default;
};

/// y = act(x); y may alias x. gelu is the exact erf form.
void activation_forward(Activation activation, Index n, const real* x, real* y);

/// Whether the derivative needs the pre-activation x (otherwise the output y suffices, and x may be
/// overwritten).
bool backward_needs_input(Activation activation);

/// grad_x (+)= grad_y · act'(x); grad_x may alias grad_y. x may be null unless `backward_needs_input`; then y
/// may be null.
void activation_backward(Activation activation, Index n, const real* x, const real* y, const real* grad_y,
                         real* grad_x, bool accumulate);

/// grad_x = grad_y · act'(…) of a [rows, columns] matrix, from x or y, whichever the derivative needs.
/// Threads share the columns, as the layers' passes share the units.
void activation_backward_by_column(Activation activation, Index rows, Index columns, const real* x_or_y,
                                   const real* grad_y, real* grad_x);

/// y[i] = exp(x[i]) on the calling thread, within 2 ulp; y may alias x.
void exponentials(Index n, const real* x, real* y);

}  // namespace fanin::kernels
