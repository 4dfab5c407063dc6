#include <cmath>

#include <fanin/kernels/random/random.hpp>

#define FANIN_KERNEL_SOURCE <fanin/kernels/random/random.inl>
#include <fanin/kernels/simd/for_each_isa.inl>

namespace fanin::kernels {

void mt19937_twist(std::uint32_t* state) { FANIN_BY_ISA(mt19937_twist(state)); }

void mt19937_temper(Index n, const std::uint32_t* state, std::uint32_t* out) {
  FANIN_BY_ISA(mt19937_temper(n, state, out));
}

void uniform_from_outputs(Index n, const std::uint32_t* outputs, float low, float scale, float* out) {
  FANIN_BY_ISA(uniform_from_outputs(n, outputs, low, scale, out));
}

void box_muller(Index blocks, float* v, float mean, float std) {
  FANIN_BY_ISA(box_muller(blocks, v, mean, std));
}

void bernoulli_from_outputs(Index n, const std::uint32_t* outputs, std::uint64_t threshold, real value,
                            real* out) {
  FANIN_BY_ISA(bernoulli_from_outputs(n, outputs, threshold, value, out));
}

}  // namespace fanin::kernels
