#include <fanin/kernels/norm/normalize.hpp>

#define FANIN_KERNEL_SOURCE <fanin/kernels/norm/normalize.inl>
#include <fanin/kernels/simd/for_each_isa.inl>

namespace fanin::kernels {

void normalize(Index n, bool each, const real* x, const real* center, const real* scale, const real* shift,
               real* y) {
  FANIN_BY_ISA(normalize(n, each, x, center, scale, shift, y));
}

void normalize_gradient(Index n, bool each, const real* x, const real* center, const real* scale,
                        const real* offset, const real* slope, const real* grad_y, real* grad_x,
                        bool accumulate) {
  FANIN_BY_ISA(normalize_gradient(n, each, x, center, scale, offset, slope, grad_y, grad_x, accumulate));
}

void normalize_row(Index n, const real* x, real center, real scale, const real* gamma, const real* beta,
                   real* y) {
  FANIN_BY_ISA(normalize_row(n, x, center, scale, gamma, beta, y));
}

void normalize_row_gradient(Index n, const real* x, real center, real scale, const real* gamma, real offset,
                            real slope, const real* grad_y, real* grad_x, bool accumulate) {
  FANIN_BY_ISA(normalize_row_gradient(n, x, center, scale, gamma, offset, slope, grad_y, grad_x, accumulate));
}

}  // namespace fanin::kernels
