#include <algorithm>
#include <atomic>

#include <fanin/kernels/simd/isa.hpp>

namespace fanin::kernels {
namespace {

Isa detect() {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) {
    return Isa::avx512;
  }
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? Isa::avx2 : Isa::baseline;
}

const Isa widest_here = detect();
std::atomic<Isa> chosen{widest_here};

}  // namespace

Isa isa() { return chosen.load(std::memory_order_relaxed); }

void limit_isa(Isa widest) { chosen.store(std::min(widest, widest_here)); }

}  // namespace fanin::kernels
