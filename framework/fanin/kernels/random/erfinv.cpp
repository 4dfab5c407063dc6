#include <cmath>

#include <fanin/kernels/random/erfinv.hpp>

#define FANIN_KERNEL_SOURCE <fanin/kernels/random/erfinv.cpp>
#include <fanin/kernels/simd/for_each_isa.inl>

#ifdef FANIN_VECTOR_BYTES  // for each instruction set
#include <fanin/kernels/simd/vector_float.inl>

namespace {

FANIN_INLINE float fma(float a, float b, float c) { return std::fma(a, b, c); }
FANIN_INLINE F fma(F a, F b, float c) { return fma(a, b, broadcast(c)); }

constexpr float newton_slope = 2 / 1.77245385090551602730f;  // 2/√π

template <class T>
FANIN_INLINE T horner(T, T sum) {
  return sum;
}
template <class T, class... Rest>
FANIN_INLINE T horner(T z, T sum, float next, Rest... rest) {
  return horner(z, fma(sum, z, next), rest...);
}

// The same with two roundings a step, and the leading coefficient last: a + z(b + z(c + …)).
FANIN_INLINE F ascending(F, float last) { return broadcast(last); }
template <class... Rest>
FANIN_INLINE F ascending(F z, float first, Rest... rest) {
  return first + z * ascending(z, rest...);
}

template <class T>
FANIN_INLINE T central_guess(T y) {
  const T z = y * y;
  const T numerator = horner(z, z * 0 + -0.140543331f, 0.914624893f, -1.645349621f, 0.886226899f);
  return y * numerator / horner(z, z * 0 + 0.012229801f, -0.329097515f, 1.442710462f, -2.118377725f, 1.0f);
}

// For |y| beyond 0.7, of z = √(-ln((1 - |y|) / 2)).
template <class T>
FANIN_INLINE T outer_guess(T z) {
  return horner(z, z * 0 + 1.641345311f, 3.429567803f, -1.624906493f, -1.970840454f) /
         horner(z, z * 0 + 1.637067800f, 3.543889200f, 1.0f);
}

float scalar_erfinv(float y, float z) {
  if (std::abs(y) >= 1) return std::copysign(HUGE_VALF, y);
  float x = std::abs(y) <= 0.7f ? central_guess(y) : std::copysign(outer_guess(z), y);
  for (int step = 0; step < 2; ++step) x -= (std::erf(x) - y) / (newton_slope * std::exp(-x * x));
  return x;
}

FANIN_INLINE F magnitude(F x) { return reinterpret_cast<F>(reinterpret_cast<I>(x) & 0x7fffffff); }
FANIN_INLINE F with_sign(F x, F sign) {
  return reinterpret_cast<F>(reinterpret_cast<I>(x) | (reinterpret_cast<I>(sign) & ~0x7fffffff));
}

/// erf x for |x| < 1.25, by the approximations of Sun's fdlibm (erff) that the C library and so PyTorch use.
FANIN_INLINE F error_function(F x) {
  const F size = magnitude(x), z = x * x, s = size - 1.0f;
  const F r = ascending(z, 1.2837916613e-01f, -3.2504209876e-01f, -2.8481749818e-02f, -5.7702702470e-03f,
                        -2.3763017452e-05f);
  const F q = ascending(z, 1.0f, 3.9791721106e-01f, 6.5022252500e-02f, 5.0813062117e-03f, 1.3249473704e-04f,
                        -3.9602282413e-06f);
  const F inner = x + x * (r / q);
  const F a = ascending(s, -2.3621185683e-03f, 4.1485610604e-01f, -3.7220788002e-01f, 3.1834661961e-01f,
                        -1.1089469492e-01f, 3.5478305072e-02f, -2.1663755178e-03f);
  const F b = ascending(s, 1.0f, 1.0642088205e-01f, 5.4039794207e-01f, 7.1828655899e-02f, 1.2617121637e-01f,
                        1.3637083583e-02f, 1.1984500103e-02f);
  return select(size < 0.84375f, inner, with_sign(8.4506291151e-01f + a / b, x));
}

/// exp x for -2 < x ≤ 0 to half an ulp and a bit: x = k ln 2 + r, e^r by its series.
FANIN_INLINE F exponential(F x) {
  const F shifted = x * 1.44269504f + 12582912.0f, k = shifted - 12582912.0f;
  F r = fma(k, broadcast(-0.693145752f), x);
  r = fma(k, broadcast(-1.42860677e-6f), r);
  const F tail = horner(r, broadcast(1.0f / 5040), 1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f);
  const F e = fma(r * r, tail, r) + 1.0f;
  return reinterpret_cast<F>(reinterpret_cast<I>(e) + (__builtin_convertvector(k, I) << 23));
}

/// For |y| ≤ 0.9225 (then |x| < 1.25); z as for outer_guess, looked at where |y| > 0.7.
FANIN_INLINE F vector_erfinv(F y, F z) {
  F x = select(magnitude(y) <= 0.7f, central_guess(y), with_sign(outer_guess(z), y));
  for (int step = 0; step < 2; ++step) x -= (error_function(x) - y) / (newton_slope * exponential(-x * x));
  return x;
}

}  // namespace

void truncated_normal_from_uniform(Index n, float* v, float scale, float shift, float least, float most) {
  constexpr int chunk = 512;
  float z[chunk], y[chunk];
  std::int32_t outer[chunk];
  for (Index begin = 0; begin < n; begin += chunk) {
    const int now = static_cast<int>(n - begin < chunk ? n - begin : chunk);
    float* x = v + begin;
    int count = 0;
    for (int i = 0; i < now; ++i) {
      y[i] = x[i];
      z[i] = 1;
      outer[count] = i;
      count += std::abs(x[i]) > 0.7f;
    }
    for (int i = now; i < (now + lanes - 1) / lanes * lanes; ++i) y[i] = z[i] = 0;
    for (int k = 0; k < count; ++k) z[outer[k]] = std::sqrt(-std::log((1 - std::abs(y[outer[k]])) / 2));
    for (int i = 0; i < now; i += lanes) {
      const F e = vector_erfinv(load<F>(y + i), load<F>(z + i));
      if (i + lanes <= now)
        store(x + i, e);
      else
        __builtin_memcpy(x + i, &e, static_cast<std::size_t>(now - i) * sizeof(float));
    }
    for (int k = 0; k < count; ++k)
      if (const int i = outer[k]; std::abs(y[i]) > 0.9225f) x[i] = scalar_erfinv(y[i], z[i]);
    for (int i = 0; i < now; ++i) {
      const float value = x[i] * scale + shift;
      x[i] = value < least ? least : value > most ? most : value;
    }
  }
}

#else  // once

namespace fanin::kernels {

void truncated_normal_from_uniform(Index n, float* v, float scale, float shift, float least, float most) {
  FANIN_BY_ISA(truncated_normal_from_uniform(n, v, scale, shift, least, most));
}

}  // namespace fanin::kernels

#endif
