#include "framework/kernels/linear.hpp"

#include <algorithm>

#include "framework/kernels/gemm.hpp"

namespace fanin::kernels {

void linear_forward(Index batch, Index in, Index out, const real* x, const real* w, const real* bias,
                    Activation activation, real* y) {
  for (Index i = 0; i < batch; ++i) {
    if (bias) {
      std::copy_n(bias, out, y + i * out);
    } else {
      std::fill_n(y + i * out, out, real(0));
    }
  }
  gemm(false, true, batch, out, in, x, in, w, in, y, out, true);
  if (activation.kind != Activation::Kind::none) activation_forward(activation, batch * out, y, y);
}

void linear_backward(Index batch, Index in, Index out, const real* x, const real* w, const real* grad_pre,
                     real* grad_w, bool acc_w, real* grad_bias, bool acc_b, real* grad_x, bool acc_x) {
  if (grad_w) gemm(true, false, out, in, batch, grad_pre, out, x, in, grad_w, in, acc_w);
  if (grad_bias) {
    if (!acc_b) std::fill_n(grad_bias, out, real(0));
    for (Index i = 0; i < batch; ++i) {
      for (Index j = 0; j < out; ++j) grad_bias[j] += grad_pre[i * out + j];
    }
  }
  if (grad_x) gemm(false, false, batch, in, out, grad_pre, out, w, in, grad_x, in, acc_x);
}

}  // namespace fanin::kernels
