#include <algorithm>
#include <atomic>

#include <fanin/kernels/simd/isa.hpp>

namespace fanin::kernels {
namespace {

Isa detect() {
#ifdef __x86_64__
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) {
    return Isa::avx512;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return Isa::avx2;
#endif
  return Isa::baseline;
}

const Isa widest_here = detect();
std::atomic<Isa> chosen{widest_here};

}  // namespace

Isa widest_isa() { return widest_here; }

Isa isa() { return chosen.load(std::memory_order_relaxed); }

void limit_isa(Isa widest) { chosen.store(std::min(widest, widest_here)); }

}  // namespace fanin::kernels
