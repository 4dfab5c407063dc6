#include <fanin/kernels/gemm/gemm_block.hpp>
#include <fanin/kernels/gemm/linear.hpp>
#include <fanin/kernels/pieces.hpp>
#include <fanin/kernels/workspace.hpp>

#define FANIN_KERNEL_SOURCE <fanin/kernels/gemm/linear.inl>
#include <fanin/kernels/simd/for_each_isa.inl>

namespace fanin::kernels {
namespace {

constexpr Index unit = 16;  // outputs and inputs are shared out among threads at a vector's width

/// The part of y[batch, out] from `column` on.
struct Block {
  Index rows, column, columns;
};

void activate_block(const Block& block, Index out, const real* bias, Activation activation, real* y) {
  real* first = y + block.column;
  if (bias) FANIN_BY_ISA(add_bias(block.rows, block.columns, bias + block.column, first, out));
  if (activation.kind == Activation::Kind::none) return;
  for (Index i = 0; i < block.rows; ++i) {
    activation_forward(activation, block.columns, first + i * out, first + i * out);
  }
}

}  // namespace

void linear_forward(Index batch, Index in, Index out, const real* x, const real* w, const real* bias,
                    Activation activation, real* y) {
  // Each thread computes some of the outputs, and so meets the same rows of w in every pass.
  each_share(out, unit, batch * in * out, [&](Index column, Index columns) {
    const real* rows_of_w = w + column * in;
    if (batch == 1) {
      FANIN_BY_ISA(matrix_vector(in, columns, x, rows_of_w, y + column));
    } else if (batch >= out) {
      gemm_block(batch, columns, in, {x, in}, {rows_of_w, in, true}, y + column, out, false);
    } else {
      // A small batch: packing wᵀ would cost as much as the product. Compute yᵀ = w xᵀ, where w is read as it
      // lies.
      Workspace<> transposed(batch * columns);
      gemm_block(columns, batch, in, {rows_of_w, in}, {x, in, true}, transposed.data(), batch, false);
      FANIN_BY_ISA(transpose_matrix(columns, batch, transposed.data(), batch, y + column, out));
    }
    activate_block({batch, column, columns}, out, bias, activation, y);
  });
}

void linear_backward_weight(Index batch, Index in, Index out, const real* x, const real* grad_pre,
                            real* grad_w, bool acc_w, real* grad_bias, bool acc_b) {
  if (!grad_w && !grad_bias) return;
  each_share(out, unit, batch * in * out, [&](Index column, Index columns) {
    if (grad_bias)
      FANIN_BY_ISA(column_sums(batch, columns, out, grad_pre + column, grad_bias + column, acc_b));
    if (!grad_w) return;
    real* rows_of_w = grad_w + column * in;
    if (batch == 1) {
      FANIN_BY_ISA(outer_product(in, columns, grad_pre + column, x, rows_of_w, acc_w));
    } else {
      gemm_block(columns, in, batch, {grad_pre + column, out, true}, {x, in}, rows_of_w, in, acc_w);
    }
  });
}

void linear_backward_input(Index batch, Index in, Index out, const real* w, const real* grad_pre,
                           real* grad_x, bool acc_x) {
  each_share(in, unit, batch * in * out, [&](Index column, Index columns) {
    if (batch == 1) {
      FANIN_BY_ISA(vector_matrix(columns, in, out, grad_pre, w + column, grad_x + column, acc_x));
    } else {
      gemm_block(batch, columns, out, {grad_pre, out}, {w + column, in}, grad_x + column, in, acc_x);
    }
  });
}

}  // namespace fanin::kernels
