#include <algorithm>
#include <cmath>
#include <limits>

#include <fanin/kernels/pieces.hpp>
#include <fanin/kernels/pointwise/activation.hpp>

namespace fanin::kernels {
namespace {

using Kind = Activation::Kind;
constexpr real selu_alpha = real(1.6732632423543772848170429916717);
constexpr real selu_scale = real(1.0507009873554804934193349852946);

}  // namespace
}  // namespace fanin::kernels

#define FANIN_KERNEL_SOURCE <fanin/kernels/pointwise/activation.inl>
#include <fanin/kernels/simd/for_each_isa.inl>

namespace fanin::kernels {

void activation_forward(Activation activation, Index n, const real* x, real* y) {
  each_piece(n, [&](Index i, Index count) { FANIN_BY_ISA(activate(activation, count, x + i, y + i)); });
}

bool backward_needs_input(Activation activation) {
  switch (activation.kind) {
    case Kind::gelu:
    case Kind::softplus:
    case Kind::silu:
    case Kind::sine:
      return true;
    // With a non-negative slope or alpha, y > 0 exactly when x > 0.
    case Kind::leaky_relu:
    case Kind::elu:
      return activation.parameter < 0;
    default:
      return false;
  }
}

void activation_backward(Activation activation, Index n, const real* x, const real* y, const real* grad_y,
                         real* grad_x, bool accumulate) {
  const real* from = backward_needs_input(activation) ? x : y;
  if (activation.kind == Kind::none) from = grad_y;  // which needs neither
  each_piece(n, [&](Index i, Index count) {
    FANIN_BY_ISA(differentiate(activation, count, from + i, grad_y + i, grad_x + i, accumulate));
  });
}

void activation_backward_by_column(Activation activation, Index rows, Index columns, const real* x_or_y,
                                   const real* grad_y, real* grad_x) {
  each_share(columns, 16, 8 * rows * columns, [&](Index column, Index count) {
    for (Index i = column; i < rows * columns; i += columns) {
      FANIN_BY_ISA(differentiate(activation, count, x_or_y + i, grad_y + i, grad_x + i, false));
    }
  });
}

void exponentials(Index n, const real* x, real* y) { FANIN_BY_ISA(exponentials(n, x, y)); }

}  // namespace fanin::kernels
