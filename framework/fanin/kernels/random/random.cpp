#include <cmath>

#include <fanin/kernels/random/random.hpp>

#define FANIN_KERNEL_SOURCE <fanin/kernels/random/random.cpp>
#include <fanin/kernels/simd/for_each_isa.inl>

#ifdef FANIN_VECTOR_BYTES  // for each instruction set
#include <fanin/kernels/simd/vector_float.inl>

// build.
namespace {

FANIN_INLINE U recurrence(U high, U low, U far) {
  const U y = (high & 0x80000000u) | (low & 0x7fffffffu);
  return far ^ (y >> 1) ^ ((0u - (low & 1u)) & 0x9908b0dfu);
}

FANIN_INLINE U temper(U y) {
  y ^= y >> 11;
  y ^= (y << 7) & 0x9d2c5680u;
  y ^= (y << 15) & 0xefc60000u;
  return y ^ (y >> 18);
}

/// ln x for normal x > 0 (Cephes logf).
FANIN_INLINE F logarithm(F x) {
  const U bits = reinterpret_cast<U>(x);
  F e = __builtin_convertvector(reinterpret_cast<I>(bits >> 23) - 0x7f, F) + 1.0f;
  x = reinterpret_cast<F>((bits & 0x807fffffu) | 0x3f000000u);
  const I small = x < 0.707106781186547524f;
  const F extra = reinterpret_cast<F>(small & reinterpret_cast<I>(x));
  x -= 1.0f;
  e -= reinterpret_cast<F>(small & reinterpret_cast<I>(broadcast(1.0f)));
  x += extra;
  const F z = x * x;
  F y = broadcast(7.0376836292e-2f);
  for (const float c : {-1.1514610310e-1f, 1.1676998740e-1f, -1.2420140846e-1f, 1.4249322787e-1f,
                        -1.6668057665e-1f, 2.0000714765e-1f, -2.4999993993e-1f, 3.3333331174e-1f})
    y = fma(y, x, broadcast(c));
  y *= x;
  y = fma(y, z, e * -2.12194440e-4f);
  y = fma(-z, broadcast(0.5f), y);
  return fma(e, broadcast(0.693359375f), x + y);
}

/// sin and cos of x ≥ 0 (Cephes sinf and cosf, reduced by π/4 in three steps).
FANIN_INLINE void sine_cosine(F x, F& sine, F& cosine) {
  const I octant = (__builtin_convertvector(x * 1.27323954473516f, I) + 1) & ~1;
  const F turns = __builtin_convertvector(octant, F);
  x = fma(turns, broadcast(-0.78515625f), x);
  x = fma(turns, broadcast(-2.4187564849853515625e-4f), x);
  x = fma(turns, broadcast(-3.77489497744594108e-8f), x);
  const F z = x * x;
  F c = fma(broadcast(2.443315711809948e-5f), z, broadcast(-1.388731625493765e-3f));
  c = fma(c, z, broadcast(4.166664568298827e-2f)) * z;
  c = fma(c, z, z * -0.5f) + 1.0f;
  F s = fma(broadcast(-1.9515295891e-4f), z, broadcast(8.3321608736e-3f));
  s = fma(s, z, broadcast(-1.6666654611e-1f)) * z;
  s = fma(s, x, x);
  const I even = (octant & 2) == 0;
  const I sine_sign = (octant & 4) << 29, cosine_sign = (~(octant - 2) & 4) << 29;
  sine = reinterpret_cast<F>(reinterpret_cast<I>(select(even, s, c)) ^ sine_sign);
  cosine = reinterpret_cast<F>(reinterpret_cast<I>(select(even, c, s)) ^ cosine_sign);
}

/// Uniforms u1, u2 become a pair of normals.
FANIN_INLINE void normal_pair(F& u1, F& u2, F mean, F std) {
  const F radius = square_root(-2.0f * logarithm(1.0f - u1));
  F sine, cosine;
  sine_cosine(2 * 3.14159265358979323846f * u2, sine, cosine);
  u1 = fma(radius * cosine, std, mean);
  u2 = fma(radius * sine, std, mean);
}

}  // namespace

void mt19937_twist(std::uint32_t* s) {
  constexpr int n = 624, shift = 397, seam = (n - shift) / lanes * lanes;
  std::uint32_t wrapped[lanes];
  const auto step = [&](int i, const std::uint32_t* low, const std::uint32_t* far) FANIN_LAMBDA {
    store(s + i, recurrence(load<U>(s + i), load<U>(low), load<U>(far)));
  };
  for (int i = 0; i < seam; i += lanes) step(i, s + i + 1, s + i + shift);
  for (int k = 0; k < lanes; ++k) wrapped[k] = s[(seam + shift + k) % n];
  step(seam, s + seam + 1, wrapped);
  for (int i = seam + lanes; i < n - lanes; i += lanes) step(i, s + i + 1, s + i + shift - n);
  for (int k = 0; k < lanes; ++k) wrapped[k] = s[(n - lanes + 1 + k) % n];
  step(n - lanes, wrapped, s + shift - lanes);
}

void mt19937_temper(Index n, const std::uint32_t* state, std::uint32_t* out) {
  Index i = 0;
  for (; i + lanes <= n; i += lanes) store(out + i, temper(load<U>(state + i)));
  if (i < n) {
    U rest = {};
    __builtin_memcpy(&rest, state + i, static_cast<std::size_t>(n - i) * 4);
    rest = temper(rest);
    __builtin_memcpy(out + i, &rest, static_cast<std::size_t>(n - i) * 4);
  }
}

void uniform_from_outputs(Index n, const std::uint32_t* outputs, float low, float scale, float* out) {
  const auto uniform = [&](U bits) FANIN_LAMBDA {
    return fma(__builtin_convertvector(reinterpret_cast<I>(bits & 0xffffffu), F) * 0x1p-24f, broadcast(scale),
               broadcast(low));
  };
  Index i = 0;
  for (; i + lanes <= n; i += lanes) store(out + i, uniform(load<U>(outputs + i)));
  if (i < n) {
    U rest = {};
    __builtin_memcpy(&rest, outputs + i, static_cast<std::size_t>(n - i) * 4);
    const F last = uniform(rest);
    __builtin_memcpy(out + i, &last, static_cast<std::size_t>(n - i) * 4);
  }
}

void box_muller(Index blocks, float* v, float mean, float std) {
  const F m = broadcast(mean), s = broadcast(std);
#if FANIN_VECTOR_BYTES == 64
  for (; blocks >= 2; blocks -= 2, v += 32) {
    const F a = load<F>(v), b = load<F>(v + 16);
    F u1 = __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
    F u2 = __builtin_shufflevector(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    normal_pair(u1, u2, m, s);
    store(v, __builtin_shufflevector(u1, u2, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23));
    store(v + 16,
          __builtin_shufflevector(u1, u2, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31));
  }
  if (blocks == 0) return;
  F u1 = {}, u2 = {};
  __builtin_memcpy(&u1, v, 32);
  __builtin_memcpy(&u2, v + 8, 32);
  normal_pair(u1, u2, m, s);
  __builtin_memcpy(v, &u1, 32);
  __builtin_memcpy(v + 8, &u2, 32);
#else
  for (; blocks > 0; --blocks, v += 16)
    for (int j = 0; j < 8; j += lanes) {
      F u1 = load<F>(v + j), u2 = load<F>(v + 8 + j);
      normal_pair(u1, u2, m, s);
      store(v + j, u1);
      store(v + 8 + j, u2);
    }
#endif
}

void bernoulli_from_outputs(Index n, const std::uint32_t* outputs, std::uint64_t threshold, real value,
                            real* out) {
  const auto top = static_cast<std::uint32_t>(threshold >> 32),
             bottom = static_cast<std::uint32_t>(threshold);
  Index i = 0;
#ifndef FANIN_DOUBLE
  const F hit = broadcast(value), miss = {};
  for (; i + lanes <= n; i += lanes) {
    const U a = load<U>(outputs + 2 * i), b = load<U>(outputs + 2 * i + lanes);
    const auto [high, low] = [&]<int... k>(std::integer_sequence<int, k...>) FANIN_LAMBDA {
      return std::pair(__builtin_shufflevector(a, b, (2 * k)...),
                       __builtin_shufflevector(a, b, (2 * k + 1)...));
    }
    (std::make_integer_sequence<int, lanes>{});
    const U bits = high & 0x1fffffu;
    store(out + i, select((bits < top) | ((bits == top) & (low < bottom)), hit, miss));
  }
#endif
  for (; i < n; ++i) {
    const std::uint32_t bits = outputs[2 * i] & 0x1fffffu;
    out[i] = bits < top || (bits == top && outputs[2 * i + 1] < bottom) ? value : real{0};
  }
}

#else  // once

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

#endif
