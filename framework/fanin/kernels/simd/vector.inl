// A register of `real`s for the instruction set at hand (see for_each_isa.inl): arithmetic, comparisons and
// `mask ? a : b` are the compiler's vector extensions; only the fused multiply-add needs an intrinsic.
#ifndef FANIN_VECTOR_INCLUDED  // in this pass
#define FANIN_VECTOR_INCLUDED
namespace {

typedef real Vec __attribute__((vector_size(FANIN_VECTOR_BYTES)));
typedef real UnalignedVec __attribute__((vector_size(FANIN_VECTOR_BYTES), aligned(sizeof(real)), may_alias));
#ifdef FANIN_DOUBLE
typedef std::int64_t IntVec __attribute__((vector_size(FANIN_VECTOR_BYTES)));
#else
typedef std::int32_t IntVec __attribute__((vector_size(FANIN_VECTOR_BYTES)));
#endif

constexpr int lanes = FANIN_VECTOR_BYTES / static_cast<int>(sizeof(real));
#ifdef __aarch64__
constexpr int registers = 32;
#else
constexpr int registers = FANIN_VECTOR_BYTES == 64 ? 32 : 16;
#endif

FANIN_INLINE Vec load(const real* p) { return *reinterpret_cast<const UnalignedVec*>(p); }
FANIN_INLINE void store(real* p, Vec v) { *reinterpret_cast<UnalignedVec*>(p) = v; }

/// The first n ≤ lanes elements, then zeros: touches no memory past them.
FANIN_INLINE Vec load_first(const real* p, Index n) {
#if FANIN_VECTOR_BYTES == 64 && defined(FANIN_DOUBLE)
  return reinterpret_cast<Vec>(_mm512_maskz_loadu_pd(static_cast<__mmask8>((1u << n) - 1), p));
#elif FANIN_VECTOR_BYTES == 64
  return reinterpret_cast<Vec>(_mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << n) - 1), p));
#else
  if (n == lanes) return load(p);
  Vec v{};
  __builtin_memcpy(&v, p, static_cast<std::size_t>(n) * sizeof(real));
  return v;
#endif
}
/// Stores the first n ≤ lanes elements.
FANIN_INLINE void store_first(real* p, Index n, Vec v) {
#if FANIN_VECTOR_BYTES == 64 && defined(FANIN_DOUBLE)
  _mm512_mask_storeu_pd(p, static_cast<__mmask8>((1u << n) - 1), v);
#elif FANIN_VECTOR_BYTES == 64
  _mm512_mask_storeu_ps(p, static_cast<__mmask16>((1u << n) - 1), v);
#else
  __builtin_memcpy(p, &v, static_cast<std::size_t>(n) * sizeof(real));
#endif
}

FANIN_INLINE Vec broadcast(real x) { return x - Vec{}; }

/// f(0), …, f(n - 1) with compile-time indices: an array indexed by them alone lives in registers.
template <int n, class F>
FANIN_INLINE void unroll(F f) {
  [&]<int... i>(std::integer_sequence<int, i...>) FANIN_LAMBDA { (f(std::integral_constant<int, i>{}), ...); }
  (std::make_integer_sequence<int, n>{});
}

/// a·b + c, rounded once where the CPU can.
FANIN_INLINE Vec fma(Vec a, Vec b, Vec c) {
#if FANIN_VECTOR_BYTES == 64 && defined(FANIN_DOUBLE)
  return reinterpret_cast<Vec>(_mm512_fmadd_pd(a, b, c));
#elif FANIN_VECTOR_BYTES == 64
  return reinterpret_cast<Vec>(_mm512_fmadd_ps(a, b, c));
#elif FANIN_VECTOR_BYTES == 32 && defined(FANIN_DOUBLE)
  return reinterpret_cast<Vec>(_mm256_fmadd_pd(a, b, c));
#elif FANIN_VECTOR_BYTES == 32
  return reinterpret_cast<Vec>(_mm256_fmadd_ps(a, b, c));
#elif defined(__aarch64__) && defined(FANIN_DOUBLE)
  return reinterpret_cast<Vec>(vfmaq_f64(c, a, b));
#elif defined(__aarch64__)
  return reinterpret_cast<Vec>(vfmaq_f32(c, a, b));
#else
  return a * b + c;
#endif
}

FANIN_INLINE Vec square_root(Vec x) {
#if FANIN_VECTOR_BYTES == 64 && defined(FANIN_DOUBLE)
  return reinterpret_cast<Vec>(_mm512_maskz_sqrt_pd(0xff, x));
#elif FANIN_VECTOR_BYTES == 64
  return reinterpret_cast<Vec>(_mm512_maskz_sqrt_ps(0xffff, x));
#elif FANIN_VECTOR_BYTES == 32 && defined(FANIN_DOUBLE)
  return reinterpret_cast<Vec>(_mm256_sqrt_pd(x));
#elif FANIN_VECTOR_BYTES == 32
  return reinterpret_cast<Vec>(_mm256_sqrt_ps(x));
#elif defined(__aarch64__) && defined(FANIN_DOUBLE)
  return reinterpret_cast<Vec>(vsqrtq_f64(x));
#elif defined(__aarch64__)
  return reinterpret_cast<Vec>(vsqrtq_f32(x));
#elif defined(FANIN_DOUBLE)
  return reinterpret_cast<Vec>(_mm_sqrt_pd(x));
#else
  return reinterpret_cast<Vec>(_mm_sqrt_ps(x));
#endif
}

/// Lanes 0, 2, 4, … (or with `odd` 1, 3, 5, …) of the two vectors one after the other.
template <int odd>
FANIN_INLINE Vec every_second(Vec a, Vec b) {
  return [&]<int... l>(std::integer_sequence<int, l...>) FANIN_LAMBDA {
    return __builtin_shufflevector(a, b, (2 * l + odd)...);
  }
  (std::make_integer_sequence<int, lanes>{});
}
/// a0 b0 a1 b1 …: the lower (or with `upper` the upper) half of each.
template <int upper>
FANIN_INLINE Vec interleave(Vec a, Vec b) {
  return [&]<int... l>(std::integer_sequence<int, l...>) FANIN_LAMBDA {
    return __builtin_shufflevector(a, b, (l / 2 + (l % 2) * lanes + upper * lanes / 2)...);
  }
  (std::make_integer_sequence<int, lanes>{});
}

FANIN_INLINE IntVec lane_numbers() {
  IntVec numbers{};
  for (int l = 0; l < lanes; ++l) numbers[l] = l;
  return numbers;
}

/// The sum of the lanes, by halves: half, then quarter, … of the vector added onto the rest.
template <int n = lanes>
FANIN_INLINE real sum_lanes(Vec v) {
  if constexpr (n == 1) {
    return v[0];
  } else {
    return [&]<int... l>(std::integer_sequence<int, l...>) FANIN_LAMBDA {
      return sum_lanes<n / 2>(v + __builtin_shufflevector(v, v, ((l + n / 2) % lanes)...));
    }
    (std::make_integer_sequence<int, lanes>{});
  }
}

/// Lane l of the result is the sum of the lanes of v[l]: at step s, vectors i and i+s fold their halves into
/// one.
template <int n>
FANIN_INLINE Vec sums_of_each(Vec (&v)[n]) {
  const auto step = [&](auto s) FANIN_LAMBDA {
    unroll<s>([&](auto i) FANIN_LAMBDA {
      const Vec low = v[i], high = v[i + s];
      [&]<int... l>(std::integer_sequence<int, l...>) FANIN_LAMBDA {
        v[i] = __builtin_shufflevector(low, high, ((l & s) == 0 ? l : n + l - s)...) +
               __builtin_shufflevector(low, high, ((l & s) == 0 ? l + s : n + l)...);
      }
      (std::make_integer_sequence<int, n>{});
    });
  };
  if constexpr (n > 8) step(std::integral_constant<int, 8>{});
  if constexpr (n > 4) step(std::integral_constant<int, 4>{});
  if constexpr (n > 2) step(std::integral_constant<int, 2>{});
  step(std::integral_constant<int, 1>{});
  return v[0];
}

/// Transposes (n = lanes) an n×n block held in registers: at step s, rows i and i+s exchange the halves of
/// their 2s-groups.
template <int n>
FANIN_INLINE void transpose(Vec (&rows)[n]) {
  const auto step = [&](auto s) FANIN_LAMBDA {
    unroll<n>([&](auto i) FANIN_LAMBDA {
      if constexpr ((i & s) == 0) {
        const Vec low = rows[i], high = rows[i + s];
        [&]<int... l>(std::integer_sequence<int, l...>) FANIN_LAMBDA {
          rows[i] = __builtin_shufflevector(low, high, ((l & s) == 0 ? l : n + l - s)...);
          rows[i + s] = __builtin_shufflevector(low, high, ((l & s) == 0 ? l + s : n + l)...);
        }
        (std::make_integer_sequence<int, n>{});
      }
    });
  };
  step(std::integral_constant<int, 1>{});
  if constexpr (n > 2) step(std::integral_constant<int, 2>{});
  if constexpr (n > 4) step(std::integral_constant<int, 4>{});
  if constexpr (n > 8) step(std::integral_constant<int, 8>{});
}

}  // namespace
#endif
