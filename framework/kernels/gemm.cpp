#include "framework/kernels/gemm.hpp"

#include <cblas.h>

#include <algorithm>

namespace fanin::kernels {

void gemm(bool trans_a, bool trans_b, Index m, Index n, Index k, const real* a, Index lda, const real* b,
          Index ldb, real* c, Index ldc, bool accumulate) {
  if (m == 0 || n == 0) return;
  if (k == 0) {
    if (!accumulate) {
      for (Index i = 0; i < m; ++i) std::fill_n(c + i * ldc, n, real(0));
    }
    return;
  }
  static const bool one_thread = (openblas_set_num_threads(1), true);
  (void)one_thread;
  const auto op = [](bool transposed) { return transposed ? CblasTrans : CblasNoTrans; };
  const auto size = [](Index i) { return static_cast<blasint>(i); };
#ifdef FANIN_DOUBLE
  cblas_dgemm(CblasRowMajor, op(trans_a), op(trans_b), size(m), size(n), size(k), 1, a, size(lda), b,
              size(ldb), accumulate, c, size(ldc));
#else
  cblas_sgemm(CblasRowMajor, op(trans_a), op(trans_b), size(m), size(n), size(k), 1, a, size(lda), b,
              size(ldb), accumulate, c, size(ldc));
#endif
}

}  // namespace fanin::kernels
