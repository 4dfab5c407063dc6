#pragma once
#include <fanin/core/real.hpp>

namespace fanin::kernels {

/// C[m,n] = op(A) op(B), or += with `accumulate`; all row-major with leading dimensions, op transposes when
/// asked. op(A) is m×k (stored k×m when `trans_a`), op(B) is k×n (stored n×k when `trans_b`).
void gemm(bool trans_a, bool trans_b, Index m, Index n, Index k, const real* a, Index lda, const real* b,
          Index ldb, real* c, Index ldc, bool accumulate);

}  // namespace fanin::kernels
