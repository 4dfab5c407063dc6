#include <algorithm>
#include <array>

#include <fanin/kernels/gemm/gemm_block.hpp>
#include <fanin/kernels/workspace.hpp>

#define FANIN_KERNEL_SOURCE <fanin/kernels/gemm/gemm_block.inl>
#include <fanin/kernels/simd/for_each_isa.inl>

namespace fanin::kernels {

void gemm_block(Index m, Index n, Index k, Operand a, Operand b, real* c, Index ldc, bool accumulate) {
  if (k == 0 && !accumulate) {
    for (Index i = 0; i < m; ++i) std::fill_n(c + i * ldc, n, real(0));
  }
  if (m == 0 || n == 0 || k == 0) return;
  Workspace<> panel(256 * 32);  // the widest instruction set's panel
  FANIN_BY_ISA(gemm_block(m, n, k, a, b, c, ldc, accumulate, panel.data()));
}

}  // namespace fanin::kernels
