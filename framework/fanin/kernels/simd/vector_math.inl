// exp and its kin on a vector. In the float build: polynomials after range reduction, errors stated and
// tested against the double-precision library; NaN comes out as NaN. The double build, which only checks
// gradients, asks the library.
#include <fanin/kernels/simd/vector.inl>

namespace {

#ifdef FANIN_DOUBLE

template <class F>
FANIN_INLINE Vec each_lane(Vec x, F f) {
  for (int l = 0; l < lanes; ++l) x[l] = f(x[l]);
  return x;
}
FANIN_INLINE Vec exp(Vec x) {
  return each_lane(x, [=](real v) { return std::exp(v); });
}
FANIN_INLINE Vec expm1_of_negative(Vec x) {
  return each_lane(x, [=](real v) { return std::expm1(v); });
}
FANIN_INLINE Vec log1p_of_fraction(Vec x) {
  return each_lane(x, [=](real v) { return std::log1p(v); });
}
FANIN_INLINE Vec tanh(Vec x) {
  return each_lane(x, [=](real v) { return std::tanh(v); });
}
FANIN_INLINE Vec sine(Vec x) {
  return each_lane(x, [=](real v) { return std::sin(v); });
}
FANIN_INLINE Vec cosine(Vec x) {
  return each_lane(x, [=](real v) { return std::cos(v); });
}

#else

/// x = n·ln 2 + r with |r| ≤ ln 2 / 2; the rounding to n happens in the low bits of a large float.
struct Reduced {
  IntVec n;
  Vec r;
};
FANIN_INLINE Reduced reduce_by_ln2(Vec x) {
  const Vec big = broadcast(12582912.0f);  // 1.5·2^23: adding it leaves the nearest integer in the mantissa
  const Vec shifted = fma(x, broadcast(1.44269504f), big);
  const Vec n = shifted - big;
  // ln 2 in two parts (Cody and Waite): n·0.693359375 is exact.
  const Vec r = fma(n, broadcast(2.12194440e-4f), fma(n, broadcast(-0.693359375f), x));
  return {reinterpret_cast<IntVec>(shifted) - reinterpret_cast<IntVec>(big), r};
}

/// exp(r) - 1 for |r| ≤ ln 2 / 2: Cephes' polynomial for expf.
FANIN_INLINE Vec expm1_polynomial(Vec r) {
  Vec p = fma(broadcast(1.9875691500e-4f), r, broadcast(1.3981999507e-3f));
  p = fma(p, r, broadcast(8.3334519073e-3f));
  p = fma(p, r, broadcast(4.1665795894e-2f));
  p = fma(p, r, broadcast(1.6666665459e-1f));
  p = fma(p, r, broadcast(5.0000001201e-1f));
  return fma(p * r, r, r);
}

FANIN_INLINE Vec power_of_two(IntVec n) { return reinterpret_cast<Vec>((n + 127) << 23); }

/// Within 2 ulp; inf above 88.73, denormals down to 0 below -87.3.
FANIN_INLINE Vec exp(Vec x) {
  const Vec low = broadcast(-104.0f), high = broadcast(89.0f);
  x = x < low ? low : x > high ? high : x;
  const Reduced reduced = reduce_by_ln2(x);
  const IntVec half = reduced.n >> 1;  // 2^n in two factors, for n beyond a float's exponents
  return (expm1_polynomial(reduced.r) + 1.0f) * power_of_two(half) * power_of_two(reduced.n - half);
}

/// exp(x) - 1 for x ≤ 0, within 2 ulp.
FANIN_INLINE Vec expm1_of_negative(Vec x) {
  x = x < -30.0f ? broadcast(-30.0f) : x;  // -1 to the last bit from there on
  const Reduced reduced = reduce_by_ln2(x);
  const Vec scale = power_of_two(reduced.n);
  return fma(expm1_polynomial(reduced.r), scale, scale - 1.0f);
}

/// log(1 + t) for 0 ≤ t ≤ 1, within 2 ulp: 2·artanh(s) with s = t / (2 + t) ≤ 1/3, by its power series.
FANIN_INLINE Vec log1p_of_fraction(Vec t) {
  const Vec s = t / (t + 2.0f), q = s * s;
  Vec p = fma(broadcast(1.0f / 17), q, broadcast(1.0f / 15));
  p = fma(p, q, broadcast(1.0f / 13));
  p = fma(p, q, broadcast(1.0f / 11));
  p = fma(p, q, broadcast(1.0f / 9));
  p = fma(p, q, broadcast(1.0f / 7));
  p = fma(p, q, broadcast(1.0f / 5));
  p = fma(p, q, broadcast(1.0f / 3));
  return 2.0f * fma(p * q, s, s);
}

/// Within 3 ulp, odd to the bit: tanh|x| = -e / (e + 2) with e = exp(-2|x|) - 1.
FANIN_INLINE Vec tanh(Vec x) {
  const IntVec sign = reinterpret_cast<IntVec>(x) & std::numeric_limits<std::int32_t>::min();
  const Vec magnitude = reinterpret_cast<Vec>(reinterpret_cast<IntVec>(x) ^ sign);
  const Vec e = expm1_of_negative(-2.0f * magnitude);
  return reinterpret_cast<Vec>(reinterpret_cast<IntVec>(-e / (e + 2.0f)) | sign);
}

/// x - n·unit·π: exact but for the last rounding where |x| ≤ far and n·unit·π is within 1.6 of x. The parts
/// of π are all positive, so that -0 stays.
FANIN_INLINE Vec minus_multiple_of_pi(Vec x, Vec n, float unit) {
  constexpr float parts[] = {3.141592502593994f, 1.5099578831723193e-07f, 1.078060505991553e-14f};
  for (const float part : parts) {
#if FANIN_VECTOR_BYTES == 16 && !defined(__aarch64__)  // no fused multiply-add
    for (int l = 0; l < lanes; ++l) {
      const auto product = static_cast<double>(n[l]) * static_cast<double>(-unit * part);
      x[l] = static_cast<float>(product + static_cast<double>(x[l]));
    }
#else
    x = fma(n, broadcast(-unit * part), x);
#endif
  }
  return x;
}

/// (-1)^flip sin(r) for |r| ≤ 1.6: the polynomial of SLEEF's sinf_u35 (Shibata & Petrogalli 2020).
FANIN_INLINE Vec signed_sine(Vec r, IntVec flip) {
  const IntVec sign = reinterpret_cast<IntVec>(r) & std::numeric_limits<std::int32_t>::min();
  r = reinterpret_cast<Vec>(reinterpret_cast<IntVec>(r) ^ sign);  // so that -0 stays
  const Vec q = r * r;
  Vec p = fma(broadcast(2.6083159809786593541503e-06f), q, broadcast(-0.0001981069071916863322258f));
  p = fma(p, q, broadcast(0.00833307858556509017944336f));
  p = fma(p, q, broadcast(-0.166666597127914428710938f));
  return reinterpret_cast<Vec>(reinterpret_cast<IntVec>(fma(p * q, r, r)) ^ sign ^ (flip << 31));
}

constexpr float far = 1e5f;  // beyond it, and for NaN, the lanes ask the library, in double
FANIN_INLINE bool any_far(Vec x) {
  const IntVec off = ~((x <= far) & (x >= -far));
#if FANIN_VECTOR_BYTES == 64
  return _mm512_movepi32_mask(reinterpret_cast<__m512i>(off)) != 0;
#elif FANIN_VECTOR_BYTES == 32
  return _mm256_movemask_ps(reinterpret_cast<__m256>(off)) != 0;
#elif defined(__aarch64__)
  return vmaxvq_u32(reinterpret_cast<uint32x4_t>(off)) != 0;
#else
  return _mm_movemask_ps(reinterpret_cast<__m128>(off)) != 0;
#endif
}
template <class Function>
FANIN_INLINE void redo_far(Vec x, Vec& y, Function f) {
  if (!any_far(x)) return;
  for (int l = 0; l < lanes; ++l)
    if (!(std::abs(x[l]) <= far)) y[l] = static_cast<float>(f(static_cast<double>(x[l])));
}

/// Within 2 ulp for any x, odd to the bit.
FANIN_INLINE Vec sine(Vec x) {
  const Vec big = broadcast(12582912.0f);
  const Vec shifted = fma(x, broadcast(0.318309886f), big);  // n = round(x / π)
  Vec y = signed_sine(minus_multiple_of_pi(x, shifted - big, 1), reinterpret_cast<IntVec>(shifted));
  redo_far(x, y, [](double v) FANIN_LAMBDA { return std::sin(v); });
  return y;
}

/// Within 2 ulp for any x: cos(x) = (-1)^(n+1) sin(x - (n + 1/2)π).
FANIN_INLINE Vec cosine(Vec x) {
  const Vec big = broadcast(12582912.0f);
  const Vec shifted = fma(x, broadcast(0.318309886f), broadcast(-0.5f)) + big;
  const Vec halves = 2.0f * (shifted - big) + 1.0f;
  Vec y = signed_sine(minus_multiple_of_pi(x, halves, 0.5f), ~reinterpret_cast<IntVec>(shifted));
  redo_far(x, y, [](double v) FANIN_LAMBDA { return std::cos(v); });
  return y;
}

#endif

/// Φ(x) and φ(x) of the standard normal distribution.
struct Normal {
  Vec cdf, density;
};

#ifdef FANIN_DOUBLE

FANIN_INLINE Normal normal(Vec x) {
  return {each_lane(x, [=](real v) { return std::erfc(-v * M_SQRT1_2) / 2; }),
          each_lane(x, [=](real v) { return std::exp(-v * v / 2) * 0.5 * M_2_SQRTPI * M_SQRT1_2; })};
}

#else

/// Φ within 12 ulp where it is not denormal, within 8 for x ≥ 0. Φ(-m) = exp(-m²/2) · t·p(t), t = 1 / (1 +
/// 0.4 m/√2), with p the polynomial whose largest relative error on 0 ≤ m ≤ 14.2 is least (Lawson's
/// iteration): 6.3e-8.
FANIN_INLINE Normal normal(Vec x) {
  Vec m = x < 0.0f ? -x : x;
  m = m > 20.0f ? broadcast(20.0f) : m;  // beyond, both are 0 (or 1)
  // exp(-square / 2) alone would lose the digits of m². What they add up to, without fma: the upper half's
  // square is exact.
  const Vec upper = reinterpret_cast<Vec>(reinterpret_cast<IntVec>(m) & ~0xfff), square = m * m;
  const Vec rest = (upper * upper - square) + (m - upper) * (m + upper);
  const Vec tail = exp(-0.5f * square) * fma(broadcast(-0.5f), rest, broadcast(1.0f));
  const Vec t = 1.0f / fma(broadcast(0.28284271f), m, broadcast(1.0f));
  Vec p = fma(broadcast(0.04132812f), t, broadcast(-0.14068733f));
  p = fma(p, t, broadcast(0.08475457f));
  p = fma(p, t, broadcast(0.08707852f));
  p = fma(p, t, broadcast(0.08037427f));
  p = fma(p, t, broadcast(0.19312745f));
  p = fma(p, t, broadcast(0.20195626f));
  p = fma(p, t, broadcast(0.2264334f));
  p = fma(p, t, broadcast(0.22563481f));
  const Vec below = 0.5f * tail * p * t;
  return {x < 0.0f ? below : 1.0f - below, tail * 0.39894228f};
}

#endif

/// 1 / (1 + exp(-x)), within 3 ulp where it is not denormal.
FANIN_INLINE Vec sigmoid(Vec x) { return real(1) / (exp(-x) + real(1)); }

/// log(1 + exp(x)), within 4 ulp.
FANIN_INLINE Vec softplus(Vec x) {
  const Vec positive = x < real(0) ? Vec{} : x;
  return positive + log1p_of_fraction(exp(x < real(0) ? x : -x));
}

/// y[i] = f(x[i]); the last few elements go through a padded copy, so every element meets the same
/// arithmetic.
template <class F>
FANIN_INLINE void map(Index n, const real* x, real* y, F f) {
  Index i = 0;
  for (; i + lanes <= n; i += lanes) store(y + i, f(load(x + i)));
  if (i == n) return;
  real copy[lanes] = {};
  std::copy(x + i, x + n, copy);
  store(copy, f(load(copy)));
  std::copy_n(copy, n - i, y + i);
}

}  // namespace
