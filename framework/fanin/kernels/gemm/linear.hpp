#pragma once
#include <fanin/kernels/pointwise/activation.hpp>

namespace fanin::kernels {

/// y[batch,out] = act(x[batch,in] · w[out,in]ᵀ + bias[out]); bias may be null.
void linear_forward(Index batch, Index in, Index out, const real* x, const real* w, const real* bias,
                    Activation activation, real* y);

/// From the gradient before the activation: grad_w (+)= grad_preᵀ · x and grad_bias (+)= column sums. A null
/// output is not computed; each `acc_` flag adds to its output instead of overwriting it.
void linear_backward_weight(Index batch, Index in, Index out, const real* x, const real* grad_pre,
                            real* grad_w, bool acc_w, real* grad_bias, bool acc_b);

/// grad_x (+)= grad_pre · w.
void linear_backward_input(Index batch, Index in, Index out, const real* w, const real* grad_pre,
                           real* grad_x, bool acc_x);

}  // namespace fanin::kernels
