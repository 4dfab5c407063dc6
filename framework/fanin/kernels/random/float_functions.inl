// Elementary functions of floats for what is drawn, of operations that every processor rounds alike: nothing is
// fused, and the C library is not asked, whose functions differ between its versions and between processors.
#include <fanin/kernels/simd/vector_float.inl>

namespace {

typedef double D __attribute__((vector_size(FANIN_VECTOR_BYTES)));
typedef std::uint64_t W __attribute__((vector_size(FANIN_VECTOR_BYTES)));

FANIN_INLINE F magnitude(F x) { return reinterpret_cast<F>(reinterpret_cast<I>(x) & 0x7fffffff); }
FANIN_INLINE F with_sign(F x, F sign) {
  return reinterpret_cast<F>(reinterpret_cast<I>(x) | (reinterpret_cast<I>(sign) & ~0x7fffffff));
}

// a + z(b + z(c + …)), two roundings a step.
FANIN_INLINE F ascending(F, float last) { return broadcast(last); }
template <class... Rest>
FANIN_INLINE F ascending(F z, float first, Rest... rest) {
  return first + z * ascending(z, rest...);
}

FANIN_INLINE D descending(D, D sum) { return sum; }
template <class... Rest>
FANIN_INLINE D descending(D z, D sum, double next, Rest... rest) {
  return descending(z, sum * z + next, rest...);
}

/// x = k ln 2 + r, and e^r by its series.
FANIN_INLINE D exp_in_double(D x) {
  const D shifted = x * 0x1.71547652b82fep0 + 0x1.8p52, k = shifted - 0x1.8p52;
  const D r = (x - k * 0x1.62e42feep-1) - k * 0x1.a39ef35793c76p-33;
  const D e = descending(r, r * (1.0 / 479001600) + 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320,
                         1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 1.0 / 2, 1.0, 1.0);
  return reinterpret_cast<D>(reinterpret_cast<W>(e) + (reinterpret_cast<W>(shifted) << 52));
}

/// x = 2^k m, √½ ≤ m < √2, and ln m = 2 artanh((m - 1) / (m + 1)) by its series.
FANIN_INLINE D log_in_double(D x) {
  constexpr std::uint64_t half_root = 0x3fe6a09e667f3bcd, big = 0x4330000000000000;  // √½ and 2^52, as bits
  const W bits = reinterpret_cast<W>(x), raised = (bits - half_root + (1024ull << 52)) >> 52;
  const D k = reinterpret_cast<D>(raised | big) - (0x1p52 + 1024);
  const D m = reinterpret_cast<D>(bits - ((raised - 1024) << 52)), s = (m - 1.0) / (m + 1.0), z = s * s;
  const D t = descending(z, z * (1.0 / 19) + 1.0 / 17, 1.0 / 15, 1.0 / 13, 1.0 / 11, 1.0 / 9, 1.0 / 7,
                         1.0 / 5, 1.0 / 3, 1.0);
  return k * 0x1.62e42fefa39efp-1 + 2.0 * s * t;
}

/// f of the lanes, half of them at a time, rounded to float.
template <D f(D)>
FANIN_INLINE F in_double(F x) {
  typedef float Half __attribute__((vector_size(FANIN_VECTOR_BYTES / 2)));
  return [&]<int... l>(std::integer_sequence<int, l...>) FANIN_LAMBDA {
    const Half low = __builtin_shufflevector(x, x, l...),
               high = __builtin_shufflevector(x, x, (lanes / 2 + l)...);
    const Half a = __builtin_convertvector(f(__builtin_convertvector(low, D)), Half);
    const Half b = __builtin_convertvector(f(__builtin_convertvector(high, D)), Half);
    return __builtin_shufflevector(a, b, l..., (lanes / 2 + l)...);
  }
  (std::make_integer_sequence<int, lanes / 2>{});
}

/// The float nearest to exp x, for |x| ≤ 80.
FANIN_INLINE F nearest_exp(F x) { return in_double<exp_in_double>(x); }
/// The float nearest to ln x, for 0 < x < 0.7; closer to 1 the sum cancels.
FANIN_INLINE F nearest_log(F x) { return in_double<log_in_double>(x); }

/// erf x for |x| < 1.25, by the approximations of Sun's fdlibm (s_erff.c), each operation in its order, as
/// glibc before 2.41 has it, and so PyTorch.
FANIN_INLINE F central_erf(F x) {
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

/// erf x for any number, within 0.82 ulp, by the same. Beyond 1.25 it is 1 - exp(-x² - 9/16 + R/S) / x, with R
/// and S for x up to 1/0.35 and beyond; x² is split after x's upper 12 bits.
FANIN_INLINE F error_function(F x) {
  const F size = magnitude(x), s = 1.0f / (size * size);
  const I near = size < 0x1.6db6dcp1f;
  const F near_r =
      ascending(s, -9.8649440333e-03f, -6.9385856390e-01f, -1.0558626175e+01f, -6.2375331879e+01f,
                -1.6239666748e+02f, -1.8460508728e+02f, -8.1287437439e+01f, -9.8143291473e+00f);
  const F near_s =
      ascending(s, 1.0f, 1.9651271820e+01f, 1.3765776062e+02f, 4.3456588745e+02f, 6.4538726807e+02f,
                4.2900814819e+02f, 1.0863500214e+02f, 6.5702495575e+00f, -6.0424413532e-02f);
  const F far_r = ascending(s, -9.8649431020e-03f, -7.9928326607e-01f, -1.7757955551e+01f, -1.6063638306e+02f,
                            -6.3756646729e+02f, -1.0250950928e+03f, -4.8351919556e+02f);
  const F far_s = ascending(s, 1.0f, 3.0338060379e+01f, 3.2579251099e+02f, 1.5367296143e+03f,
                            3.1998581543e+03f, 2.5530502930e+03f, 4.7452853394e+02f, -2.2440952301e+01f);
  const F z = reinterpret_cast<F>(reinterpret_cast<U>(size) & 0xfffff000u);
  const F product =
      nearest_exp(-z * z - 0.5625f) *
      nearest_exp((z - size) * (z + size) + select(near, near_r, far_r) / select(near, near_s, far_s));
  const F outer = select(size < 6.0f, 1.0f - product / size, broadcast(1.0f));
  return select(size < 1.25f, central_erf(x), with_sign(outer, x));
}

}  // namespace
