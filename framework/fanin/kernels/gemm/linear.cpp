#include <algorithm>

#include <fanin/kernels/gemm/linear.hpp>
#include <fanin/kernels/gemm/products.hpp>
#include <fanin/kernels/workspace.hpp>

#define FANIN_KERNEL_SOURCE <fanin/kernels/gemm/linear.cpp>
#include <fanin/kernels/simd/for_each_isa.inl>

#ifdef FANIN_VECTOR_BYTES  // for each instruction set
#include <fanin/kernels/simd/vector.inl>

// The parts of a linear layer that are not a matrix product: one sample's matrix-vector products, biases,
// column sums.
namespace {

/// y[0, rows) = w[rows, in] · x: `rows` independent chains hide the latency of the multiply-add.
template <int rows>
void dots(Index in, const real* x, const real* w, real* y) {
  Vec sum[rows];
  unroll<rows>([&](auto r) FANIN_LAMBDA { sum[r] = Vec{}; });
  Index i = 0;
  for (; i + lanes <= in; i += lanes) {
    const Vec x_part = load(x + i);
    unroll<rows>([&](auto r) FANIN_LAMBDA { sum[r] = fma(load(w + r * in + i), x_part, sum[r]); });
  }
  unroll<rows>([&](auto r) FANIN_LAMBDA {
    real total = sum_lanes(sum[r]);
    for (Index tail = i; tail < in; ++tail) total += w[r * in + tail] * x[tail];
    y[r] = total;
  });
}

/// y[columns] (+)= Σ_o grad[o] · w[o, columns] for `rows` rows of w, which are read side by side as they lie.
template <int rows>
void add_rows(Index columns, Index stride, const real* grad, const real* w, real* y, bool accumulate) {
  Vec g[rows];
  unroll<rows>([&](auto r) FANIN_LAMBDA { g[r] = broadcast(grad[r]); });
  Index i = 0;
  for (; i + lanes <= columns; i += lanes) {
    Vec sum = accumulate ? load(y + i) : Vec{};
    unroll<rows>([&](auto r) FANIN_LAMBDA { sum = fma(g[r], load(w + r * stride + i), sum); });
    store(y + i, sum);
  }
  for (; i < columns; ++i) {
    real sum = accumulate ? y[i] : real(0);
    for (Index r = 0; r < rows; ++r) sum += grad[r] * w[r * stride + i];
    y[i] = sum;
  }
}

}  // namespace

/// y[out] = w[out, in] · x
void matrix_vector(Index in, Index out, const real* x, const real* w, real* y) {
  Index o = 0;
  for (; o + 8 <= out; o += 8) dots<8>(in, x, w + o * in, y + o);
  for (; o < out; ++o) dots<1>(in, x, w + o * in, y + o);
}

/// grad_x[columns] (+)= grad[out] · w[out, columns], rows of w `stride` apart.
void vector_matrix(Index columns, Index stride, Index out, const real* grad, const real* w, real* grad_x,
                   bool accumulate) {
  Index o = 0;
  for (; o + 8 <= out; o += 8)
    add_rows<8>(columns, stride, grad + o, w + o * stride, grad_x, accumulate || o > 0);
  for (; o < out; ++o) add_rows<1>(columns, stride, grad + o, w + o * stride, grad_x, accumulate || o > 0);
  if (out == 0 && !accumulate) std::fill_n(grad_x, columns, real(0));
}

/// grad_w[out, in] (+)= grad[out] ⊗ x[in]
void outer_product(Index in, Index out, const real* grad, const real* x, real* grad_w, bool accumulate) {
  for (Index o = 0; o < out; ++o, grad_w += in) {
    const Vec g = broadcast(grad[o]);
    Index i = 0;
    for (; i + lanes <= in; i += lanes) {
      const Vec product = g * load(x + i);
      store(grad_w + i, accumulate ? load(grad_w + i) + product : product);
    }
    for (; i < in; ++i) grad_w[i] = (accumulate ? grad_w[i] : real(0)) + grad[o] * x[i];
  }
}

/// sums[columns] (+)= Σ_row x[row, columns], one row after another, `stride` apart.
void column_sums(Index rows, Index columns, Index stride, const real* x, real* sums, bool accumulate) {
  Index j = 0;
  for (; j + lanes <= columns; j += lanes) {
    Vec sum = accumulate ? load(sums + j) : Vec{};
    for (Index i = 0; i < rows; ++i) sum += load(x + i * stride + j);
    store(sums + j, sum);
  }
  for (; j < columns; ++j) {
    real sum = accumulate ? sums[j] : real(0);
    for (Index i = 0; i < rows; ++i) sum += x[i * stride + j];
    sums[j] = sum;
  }
}

/// Adds bias[columns] to every row of y.
void add_bias(Index rows, Index columns, const real* bias, real* y, Index stride) {
  for (Index i = 0; i < rows; ++i, y += stride) {
    Index j = 0;
    for (; j + lanes <= columns; j += lanes) store(y + j, load(y + j) + load(bias + j));
    for (; j < columns; ++j) y[j] += bias[j];
  }
}

/// y[columns, rows] = x[rows, columns]ᵀ, each with its own stride.
void transpose_matrix(Index rows, Index columns, const real* x, Index x_stride, real* y, Index y_stride) {
  const Index full_rows = rows - rows % lanes, full_columns = columns - columns % lanes;
  for (Index i = 0; i < full_rows; i += lanes) {
    for (Index j = 0; j < full_columns; j += lanes) {
      Vec block[lanes];
      unroll<lanes>([&](auto l) FANIN_LAMBDA { block[l] = load(x + (i + l) * x_stride + j); });
      transpose(block);
      unroll<lanes>([&](auto l) FANIN_LAMBDA { store(y + (j + l) * y_stride + i, block[l]); });
    }
  }
  for (Index i = 0; i < rows; ++i) {
    for (Index j = i < full_rows ? full_columns : 0; j < columns; ++j)
      y[j * y_stride + i] = x[i * x_stride + j];
  }
}

#else  // once

namespace fanin::kernels {
namespace {

// Outputs and inputs are shared out among threads at a vector's width, and what they are computed over, where
// threads are left, in blocks that are worth packing the other factor for.
constexpr Index unit = 16, block = 64;

/// The part of y[batch, out] from (row, column) on.
struct Block {
  Index row, rows, column, columns;
};

void activate_block(const Block& at, Index out, const real* bias, Activation activation, real* y) {
  real* first = y + at.row * out + at.column;
  if (bias) FANIN_BY_ISA(add_bias(at.rows, at.columns, bias + at.column, first, out));
  if (activation.kind == Activation::Kind::none) return;
  for (Index i = 0; i < at.rows; ++i) {
    activation_forward(activation, at.columns, first + i * out, first + i * out);
  }
}

}  // namespace

void linear_forward(Index batch, Index in, Index out, const real* x, const real* w, const real* bias,
                    Activation activation, real* y) {
  // Each thread computes some of the outputs, and so meets the same rows of w in every pass.
  each_product_share(
      out, unit, batch, block, batch * in * out, [&](Index column, Index columns, Index row, Index rows) {
        const real *rows_of_w = w + column * in, *rows_of_x = x + row * in;
        real* to = y + row * out + column;
        if (batch == 1) {
          FANIN_BY_ISA(matrix_vector(in, columns, x, rows_of_w, to));
        } else if (batch >= out) {
          gemm_block(rows, columns, in, {rows_of_x, in}, {rows_of_w, in, true}, to, out, false);
        } else {
          // A small batch: packing wᵀ would cost as much as the product. Compute yᵀ = w xᵀ, where w is
          // read as it lies.
          Workspace<> transposed(rows * columns);
          gemm_block(columns, rows, in, {rows_of_w, in}, {rows_of_x, in, true}, transposed.data(), rows,
                     false);
          FANIN_BY_ISA(transpose_matrix(columns, rows, transposed.data(), rows, to, out));
        }
        activate_block({row, rows, column, columns}, out, bias, activation, y);
      });
}

void linear_backward_weight(Index batch, Index in, Index out, const real* x, const real* grad_pre,
                            real* grad_w, bool acc_w, real* grad_bias, bool acc_b) {
  if (!grad_w && !grad_bias) return;
  const Index least = batch == 1 || !grad_w ? std::max<Index>(in, 1) : block;  // one sample's: not cut
  const Index work = batch * out * (grad_w ? in : 1);
  each_product_share(out, unit, in, least, work, [&](Index row, Index rows, Index column, Index columns) {
    if (grad_bias && column == 0)
      FANIN_BY_ISA(column_sums(batch, rows, out, grad_pre + row, grad_bias + row, acc_b));
    if (!grad_w) return;
    real* to = grad_w + row * in + column;
    if (batch == 1) {
      FANIN_BY_ISA(outer_product(in, rows, grad_pre + row, x, to, acc_w));
    } else {
      gemm_block(rows, columns, batch, {grad_pre + row, out, true}, {x + column, in}, to, in, acc_w);
    }
  });
}

void linear_backward_input(Index batch, Index in, Index out, const real* w, const real* grad_pre,
                           real* grad_x, bool acc_x) {
  each_product_share(
      in, unit, batch, block, batch * in * out, [&](Index column, Index columns, Index row, Index rows) {
        real* to = grad_x + row * in + column;
        if (batch == 1) {
          FANIN_BY_ISA(vector_matrix(columns, in, out, grad_pre, w + column, to, acc_x));
        } else {
          gemm_block(rows, columns, out, {grad_pre + row * out, out}, {w + column, in}, to, in, acc_x);
        }
      });
}

}  // namespace fanin::kernels

#endif
