#include "framework/kernels/linear.hpp"

#include <algorithm>

#include "framework/core/parallel.hpp"
#include "framework/kernels/gemm.hpp"
#include "framework/kernels/gemm_block.hpp"
#include "framework/kernels/workspace.hpp"

#define FANIN_KERNEL_SOURCE "framework/kernels/linear.inl"
#include "framework/kernels/for_each_isa.inl"

namespace fanin::kernels {
namespace {

/// A block of rows × columns of y, from (row, column) on.
struct Block {
  Index row, rows, column, columns;
};

/// Cuts y for the threads at hand. Every element of y is one chain of multiply-adds wherever the cuts fall,
/// so the number of threads cannot show in the result; columns are cut first when `by_columns`.
template <class Body>
void each_block(Index rows, Index columns, bool by_columns, Index work, Body body) {
  const Index wanted = work < 100'000 ? 1 : 2 * threads();
  const auto pieces_of = [&](Index size, Index most) { return std::clamp<Index>(size / 32, 1, most); };
  const Index row_pieces =
      by_columns ? pieces_of(rows, wanted / pieces_of(columns, wanted)) : pieces_of(rows, wanted);
  const Index column_pieces = pieces_of(columns, wanted / row_pieces);
  const auto edge = [](Index size, Index pieces, Index piece) {
    return piece == pieces ? size : size / 32 * piece / pieces * 32;  // at the width of a panel
  };
  parallel_for(row_pieces * column_pieces, [&](Index piece) {
    const Index r = piece / column_pieces, c = piece % column_pieces;
    const Index row = edge(rows, row_pieces, r), column = edge(columns, column_pieces, c);
    body(Block{row, edge(rows, row_pieces, r + 1) - row, column,
               edge(columns, column_pieces, c + 1) - column});
  });
}

void activate_block(const Block& block, Index out, const real* bias, Activation activation, real* y) {
  real* first = y + block.row * out + block.column;
  if (bias) FANIN_BY_ISA(add_bias(block.rows, block.columns, bias + block.column, first, out));
  if (activation.kind == Activation::Kind::none) return;
  for (Index i = 0; i < block.rows; ++i) {
    activation_forward(activation, block.columns, first + i * out, first + i * out);
  }
}

}  // namespace

void linear_forward(Index batch, Index in, Index out, const real* x, const real* w, const real* bias,
                    Activation activation, real* y) {
  if (batch == 1) {
    FANIN_BY_ISA(matrix_vector(in, out, x, w, y));
    activate_block({0, 1, 0, out}, out, bias, activation, y);
    return;
  }
  if (batch >= out) {
    each_block(batch, out, true, batch * in * out, [&](const Block& b) {
      gemm_block(b.rows, b.columns, in, {x + b.row * in, in}, {w + b.column * in, in, true},
                 y + b.row * out + b.column, out, false);
      activate_block(b, out, bias, activation, y);
    });
    return;
  }
  // A small batch: packing wᵀ would cost as much as the product. Compute yᵀ = w xᵀ, where w is read as it
  // lies.
  each_block(batch, out, false, batch * in * out, [&](const Block& b) {
    Workspace<> transposed(b.rows * b.columns);
    gemm_block(b.columns, b.rows, in, {w + b.column * in, in}, {x + b.row * in, in, true}, transposed.data(),
               b.rows, false);
    FANIN_BY_ISA(
        transpose_matrix(b.columns, b.rows, transposed.data(), b.rows, y + b.row * out + b.column, out));
    activate_block(b, out, bias, activation, y);
  });
}

void linear_backward(Index batch, Index in, Index out, const real* x, const real* w, const real* grad_pre,
                     real* grad_w, bool acc_w, real* grad_bias, bool acc_b, real* grad_x, bool acc_x) {
  if (grad_bias) FANIN_BY_ISA(column_sums(batch, out, grad_pre, grad_bias, acc_b));
  if (batch == 1) {
    if (grad_w) FANIN_BY_ISA(outer_product(in, out, grad_pre, x, grad_w, acc_w));
    if (grad_x) FANIN_BY_ISA(vector_matrix(in, out, grad_pre, w, grad_x, acc_x));
    return;
  }
  if (grad_w) gemm(true, false, out, in, batch, grad_pre, out, x, in, grad_w, in, acc_w);
  if (grad_x) gemm(false, false, batch, in, out, grad_pre, out, w, in, grad_x, in, acc_x);
}

}  // namespace fanin::kernels
