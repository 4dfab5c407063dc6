#pragma once

namespace fanin::kernels {

/// The instruction sets the hot kernels are compiled for; the widest this CPU has is chosen once, at run
/// time. The baseline is what every CPU of the architecture has: SSE2 on x86-64, NEON on aarch64, which knows
/// no other.
enum class Isa { baseline, avx2, avx512 };

Isa isa();
Isa widest_isa();  ///< what this CPU has, whatever `isa` is limited to
/// Restricts `isa()` to at most this one (tests compare the variants); never widens past what the CPU has.
void limit_isa(Isa widest);

}  // namespace fanin::kernels

/// `FANIN_BY_ISA(function(arguments))`: the variant for this CPU, of a function compiled by for_each_isa.inl.
#ifdef __x86_64__
#define FANIN_BY_ISA(call)                                                 \
  (::fanin::kernels::isa() == ::fanin::kernels::Isa::avx512 ? avx512::call \
   : ::fanin::kernels::isa() == ::fanin::kernels::Isa::avx2 ? avx2::call   \
                                                            : baseline::call)
#else
#define FANIN_BY_ISA(call) baseline::call
#endif
