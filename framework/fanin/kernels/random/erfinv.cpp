#include <cmath>

#include <fanin/kernels/random/erfinv.hpp>

#define FANIN_KERNEL_SOURCE <fanin/kernels/random/erfinv.cpp>
#include <fanin/kernels/simd/for_each_isa.inl>

#ifdef FANIN_VECTOR_BYTES  // for each instruction set
#include <fanin/kernels/random/float_functions.inl>

namespace {

FANIN_INLINE F fma(F a, F b, float c) { return fma(a, b, broadcast(c)); }

constexpr float newton_slope = 2 / 1.77245385090551602730f;  // 2/√π

FANIN_INLINE F horner(F, F sum) { return sum; }
template <class... Rest>
FANIN_INLINE F horner(F z, F sum, float next, Rest... rest) {
  return horner(z, fma(sum, z, next), rest...);
}

FANIN_INLINE F central_guess(F y) {
  const F z = y * y;
  const F numerator = horner(z, broadcast(-0.140543331f), 0.914624893f, -1.645349621f, 0.886226899f);
  return y * numerator / horner(z, broadcast(0.012229801f), -0.329097515f, 1.442710462f, -2.118377725f, 1.0f);
}

// For |y| beyond 0.7, of z = √(-ln((1 - |y|) / 2)).
FANIN_INLINE F outer_guess(F z) {
  return horner(z, broadcast(1.641345311f), 3.429567803f, -1.624906493f, -1.970840454f) /
         horner(z, broadcast(1.637067800f), 3.543889200f, 1.0f);
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
FANIN_INLINE F central_erfinv(F y, F z) {
  F x = select(magnitude(y) <= 0.7f, central_guess(y), with_sign(outer_guess(z), y));
  for (int step = 0; step < 2; ++step) x -= (central_erf(x) - y) / (newton_slope * exponential(-x * x));
  return x;
}

/// For the others, up to 1.
FANIN_INLINE F outer_erfinv(F y, F z) {
  F x = with_sign(outer_guess(z), y);
  for (int step = 0; step < 2; ++step) x -= (error_function(x) - y) / (newton_slope * nearest_exp(-x * x));
  return select(magnitude(y) < 1.0f, x, with_sign(broadcast(HUGE_VALF), y));
}

}  // namespace

void truncated_normal_from_uniform(Index n, float* v, float scale, float shift, float least, float most) {
  constexpr int chunk = 512;
  float y[chunk] = {}, z[chunk] = {}, x[chunk], outer_y[chunk] = {}, outer_z[chunk] = {};
  int outer[chunk];  // where |y| is above 0.7, and then those above 0.9225
  for (Index begin = 0; begin < n; begin += chunk) {
    const int now = static_cast<int>(n - begin < chunk ? n - begin : chunk);
    int count = 0;
    for (int i = 0; i < now; ++i) {
      y[i] = v[begin + i];
      outer_z[count] = (1 - std::abs(y[i])) / 2;
      outer[count] = i;
      count += std::abs(y[i]) > 0.7f;
    }
    for (int k = 0; k < count; k += lanes)
      store(outer_z + k, square_root(-nearest_log(load<F>(outer_z + k))));
    for (int k = 0; k < count; ++k) z[outer[k]] = outer_z[k];
    for (int i = 0; i < now; i += lanes) store(x + i, central_erfinv(load<F>(y + i), load<F>(z + i)));

    int far = 0;
    for (int k = 0; k < count; ++k) {
      const int i = outer[k];
      outer[far] = i;
      outer_y[far] = y[i];
      outer_z[far] = z[i];
      far += std::abs(y[i]) > 0.9225f;
    }
    for (int k = 0; k < far; k += lanes)
      store(outer_y + k, outer_erfinv(load<F>(outer_y + k), load<F>(outer_z + k)));
    for (int k = 0; k < far; ++k) x[outer[k]] = outer_y[k];
    for (int i = 0; i < now; ++i) {
      const float value = x[i] * scale + shift;
      v[begin + i] = value < least ? least : value > most ? most : value;
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
