// Compiles the .cpp file that includes this one, FANIN_KERNEL_SOURCE, once for each instruction set, in
// namespaces baseline, avx2 and avx512 of fanin::kernels (on machines other than x86-64 baseline alone), and
// then once more as the plain file it is. Such a file reads
//
//     #define FANIN_KERNEL_SOURCE <fanin/kernels/…/itself.cpp>
//     #include <fanin/kernels/simd/for_each_isa.inl>
//     #ifdef FANIN_VECTOR_BYTES  // for each instruction set
//     … plain code over `Vec` (simd/vector.inl)
//     #else  // once
//     … what the header declares; FANIN_BY_ISA (isa.hpp) picks a variant
//     #endif
//
// Headers come first, so that nothing of theirs is compiled for a CPU that may not be there.
#ifndef FANIN_VECTOR_BYTES
#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>

#include <fanin/core/real.hpp>
#include <fanin/kernels/simd/isa.hpp>

#define FANIN_INLINE [[gnu::always_inline]] inline
#define FANIN_LAMBDA __attribute__((always_inline))

#define FANIN_VECTOR_BYTES 16
namespace fanin::kernels::baseline {
#include FANIN_KERNEL_SOURCE  // NOLINT(bugprone-suspicious-include): see above, as for the two below
}  // namespace fanin::kernels::baseline
#undef FANIN_VECTOR_BYTES
#undef FANIN_VECTOR_INCLUDED

#ifdef __x86_64__
// GCC's pragma names a target for all that follows; clang's gives every function its attribute.
#define FANIN_VECTOR_BYTES 32
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
namespace fanin::kernels::avx2 {
#include FANIN_KERNEL_SOURCE  // NOLINT(bugprone-suspicious-include)
}  // namespace fanin::kernels::avx2
#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#undef FANIN_VECTOR_BYTES
#undef FANIN_VECTOR_INCLUDED

#define FANIN_VECTOR_BYTES 64
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma"))), \
                             apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma,prefer-vector-width=512")
#endif
namespace fanin::kernels::avx512 {
#include FANIN_KERNEL_SOURCE  // NOLINT(bugprone-suspicious-include)
}  // namespace fanin::kernels::avx512
#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#undef FANIN_VECTOR_BYTES
#undef FANIN_VECTOR_INCLUDED
#endif
#endif
