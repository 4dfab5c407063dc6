#pragma once
#include <fanin/core/real.hpp>

namespace fanin::kernels {

/// A matrix where it lies: element (i, j) at data[i·stride + j], or at data[j·stride + i] when `transposed`.
struct Operand {
  const real* data;
  Index stride;
  bool transposed = false;

  /// The same matrix from element (i, j) on.
  Operand from(Index i, Index j) const {
    return {data + (transposed ? j * stride + i : i * stride + j), stride, transposed};
  }
};

/// c[m,n] (+)= a[m,k] b[k,n] on the calling thread: what `gemm` and the layers cut their work into.
void gemm_block(Index m, Index n, Index k, Operand a, Operand b, real* c, Index ldc, bool accumulate);

}  // namespace fanin::kernels
