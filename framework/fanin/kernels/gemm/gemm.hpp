#pragma once
#include <fanin/core/real.hpp>

namespace fanin::kernels {

/// C[m,n] = op(A) op(B), or += with `accumulate`; all row-major with leading dimensions, op transposes when
/// asked. op(A) is m×k (stored k×m when `trans_a`), op(B) is k×n (stored n×k when `trans_b`).
void gemm(bool trans_a, bool trans_b, Index m, Index n, Index k, const real* a, Index lda, const real* b,
          Index ldb, real* c, Index ldc, bool accumulate);

/// A matrix where it lies: element (i, j) at data[i·stride + j], or at data[j·stride + i] when `transposed`.
struct Matrix {
  const real* data;
  Index stride;
  bool transposed = false;

  /// The same matrix from element (i, j) on.
  Matrix from(Index i, Index j) const {
    return {data + (transposed ? j * stride + i : i * stride + j), stride, transposed};
  }
};

/// c[m,n] (+)= a[m,k] b[k,n] on the calling thread: what `gemm` and the layers cut their work into.
void gemm_block(Index m, Index n, Index k, Matrix a, Matrix b, real* c, Index ldc, bool accumulate);

}  // namespace fanin::kernels
