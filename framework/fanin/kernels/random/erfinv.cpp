#include <cmath>

#include <fanin/kernels/random/erfinv.hpp>

#define FANIN_KERNEL_SOURCE <fanin/kernels/random/erfinv.inl>
#include <fanin/kernels/simd/for_each_isa.inl>

namespace fanin::kernels {

void truncated_normal_from_uniform(Index n, float* v, float scale, float shift, float least, float most) {
  FANIN_BY_ISA(truncated_normal_from_uniform(n, v, scale, shift, least, most));
}

}  // namespace fanin::kernels
