// Compiled once for each instruction set by for_each_isa.inl. Floats and words here are 32 bits in every
// build.
#include <fanin/kernels/simd/vector_float.inl>

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
  e -= reinterpret_cast<F>(small & reinterpret_cast<I>(all(1.0f)));
  x += extra;
  const F z = x * x;
  F y = all(7.0376836292e-2f);
  for (const float c : {-1.1514610310e-1f, 1.1676998740e-1f, -1.2420140846e-1f, 1.4249322787e-1f,
                        -1.6668057665e-1f, 2.0000714765e-1f, -2.4999993993e-1f, 3.3333331174e-1f})
    y = fused(y, x, all(c));
  y *= x;
  y = fused(y, z, e * -2.12194440e-4f);
  y = fused(-z, all(0.5f), y);
  return fused(e, all(0.693359375f), x + y);
}

/// sin and cos of x ≥ 0 (Cephes sinf and cosf, reduced by π/4 in three steps).
FANIN_INLINE void sine_cosine(F x, F& sine, F& cosine) {
  const I octant = (__builtin_convertvector(x * 1.27323954473516f, I) + 1) & ~1;
  const F turns = __builtin_convertvector(octant, F);
  x = fused(turns, all(-0.78515625f), x);
  x = fused(turns, all(-2.4187564849853515625e-4f), x);
  x = fused(turns, all(-3.77489497744594108e-8f), x);
  const F z = x * x;
  F c = fused(all(2.443315711809948e-5f), z, all(-1.388731625493765e-3f));
  c = fused(c, z, all(4.166664568298827e-2f)) * z;
  c = fused(c, z, z * -0.5f) + 1.0f;
  F s = fused(all(-1.9515295891e-4f), z, all(8.3321608736e-3f));
  s = fused(s, z, all(-1.6666654611e-1f)) * z;
  s = fused(s, x, x);
  const I even = (octant & 2) == 0;
  const I sine_sign = (octant & 4) << 29, cosine_sign = (~(octant - 2) & 4) << 29;
  sine = reinterpret_cast<F>(reinterpret_cast<I>(select(even, s, c)) ^ sine_sign);
  cosine = reinterpret_cast<F>(reinterpret_cast<I>(select(even, c, s)) ^ cosine_sign);
}

/// Uniforms u1, u2 become a pair of normals.
FANIN_INLINE void normal_pair(F& u1, F& u2, F mean, F std) {
  const F radius = root(-2.0f * logarithm(1.0f - u1));
  F sine, cosine;
  sine_cosine(2 * 3.14159265358979323846f * u2, sine, cosine);
  u1 = fused(radius * cosine, std, mean);
  u2 = fused(radius * sine, std, mean);
}

}  // namespace

void mt19937_twist(std::uint32_t* s) {
  constexpr int n = 624, shift = 397, seam = (n - shift) / width * width;
  std::uint32_t wrapped[width];
  const auto step = [&](int i, const std::uint32_t* low, const std::uint32_t* far)
                        FANIN_LAMBDA { put(s + i, recurrence(get<U>(s + i), get<U>(low), get<U>(far))); };
  for (int i = 0; i < seam; i += width) step(i, s + i + 1, s + i + shift);
  for (int k = 0; k < width; ++k) wrapped[k] = s[(seam + shift + k) % n];
  step(seam, s + seam + 1, wrapped);
  for (int i = seam + width; i < n - width; i += width) step(i, s + i + 1, s + i + shift - n);
  for (int k = 0; k < width; ++k) wrapped[k] = s[(n - width + 1 + k) % n];
  step(n - width, wrapped, s + shift - width);
}

void mt19937_temper(Index n, const std::uint32_t* state, std::uint32_t* out) {
  Index i = 0;
  for (; i + width <= n; i += width) put(out + i, temper(get<U>(state + i)));
  if (i < n) {
    U rest = {};
    __builtin_memcpy(&rest, state + i, static_cast<std::size_t>(n - i) * 4);
    rest = temper(rest);
    __builtin_memcpy(out + i, &rest, static_cast<std::size_t>(n - i) * 4);
  }
}

void uniform_from_outputs(Index n, const std::uint32_t* outputs, float low, float scale, float* out) {
  const auto uniform = [&](U bits) FANIN_LAMBDA {
    return fused(__builtin_convertvector(reinterpret_cast<I>(bits & 0xffffffu), F) * 0x1p-24f, all(scale),
                 all(low));
  };
  Index i = 0;
  for (; i + width <= n; i += width) put(out + i, uniform(get<U>(outputs + i)));
  if (i < n) {
    U rest = {};
    __builtin_memcpy(&rest, outputs + i, static_cast<std::size_t>(n - i) * 4);
    const F last = uniform(rest);
    __builtin_memcpy(out + i, &last, static_cast<std::size_t>(n - i) * 4);
  }
}

void box_muller(Index blocks, float* v, float mean, float std) {
  const F m = all(mean), s = all(std);
#if FANIN_VECTOR_BYTES == 64
  for (; blocks >= 2; blocks -= 2, v += 32) {
    const F a = get<F>(v), b = get<F>(v + 16);
    F u1 = __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
    F u2 = __builtin_shufflevector(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    normal_pair(u1, u2, m, s);
    put(v, __builtin_shufflevector(u1, u2, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23));
    put(v + 16,
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
    for (int j = 0; j < 8; j += width) {
      F u1 = get<F>(v + j), u2 = get<F>(v + 8 + j);
      normal_pair(u1, u2, m, s);
      put(v + j, u1);
      put(v + 8 + j, u2);
    }
#endif
}

void bernoulli_from_outputs(Index n, const std::uint32_t* outputs, std::uint64_t threshold, real value,
                            real* out) {
  const auto top = static_cast<std::uint32_t>(threshold >> 32),
             bottom = static_cast<std::uint32_t>(threshold);
  Index i = 0;
#ifndef FANIN_DOUBLE
  const F hit = all(value), miss = {};
  for (; i + width <= n; i += width) {
    const U a = get<U>(outputs + 2 * i), b = get<U>(outputs + 2 * i + width);
    const auto [high, low] = [&]<int... k>(std::integer_sequence<int, k...>) FANIN_LAMBDA {
      return std::pair(__builtin_shufflevector(a, b, (2 * k)...),
                       __builtin_shufflevector(a, b, (2 * k + 1)...));
    }
    (std::make_integer_sequence<int, width>{});
    const U bits = high & 0x1fffffu;
    put(out + i, select((bits < top) | ((bits == top) & (low < bottom)), hit, miss));
  }
#endif
  for (; i < n; ++i) {
    const std::uint32_t bits = outputs[2 * i] & 0x1fffffu;
    out[i] = bits < top || (bits == top && outputs[2 * i + 1] < bottom) ? value : real{0};
  }
}
