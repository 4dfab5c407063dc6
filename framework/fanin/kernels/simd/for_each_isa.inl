// Compiles FANIN_KERNEL_SOURCE once for each instruction set, in namespaces baseline, avx2 and avx512 of
// fanin::kernels. The source sees vector.inl's `Vec` and is plain code over it; FANIN_BY_ISA (isa.hpp) picks
// a variant. Every standard header must be included before this file, so that nothing of theirs is compiled
// for a CPU that may not be there.
#include <immintrin.h>

#include <cstdint>
#include <utility>

#include <fanin/core/real.hpp>
#include <fanin/kernels/simd/isa.hpp>

#define FANIN_VECTOR_BYTES 16
namespace fanin::kernels::baseline {
#include <fanin/kernels/simd/vector.inl>
#include FANIN_KERNEL_SOURCE
}  // namespace fanin::kernels::baseline
#undef FANIN_VECTOR_BYTES

#define FANIN_VECTOR_BYTES 32
#pragma GCC push_options
#pragma GCC target("avx2,fma")
namespace fanin::kernels::avx2 {
#include <fanin/kernels/simd/vector.inl>
#include FANIN_KERNEL_SOURCE
}  // namespace fanin::kernels::avx2
#pragma GCC pop_options
#undef FANIN_VECTOR_BYTES

#define FANIN_VECTOR_BYTES 64
#pragma GCC push_options
#pragma GCC target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma,prefer-vector-width=512")
namespace fanin::kernels::avx512 {
#include <fanin/kernels/simd/vector.inl>
#include FANIN_KERNEL_SOURCE
}  // namespace fanin::kernels::avx512
#pragma GCC pop_options
#undef FANIN_VECTOR_BYTES

#undef FANIN_KERNEL_SOURCE
