// Registers of 32-bit floats and words, in every build, for kernels whose bits are fixed (see
// for_each_isa.inl).
namespace {

typedef float F __attribute__((vector_size(FANIN_VECTOR_BYTES)));
typedef std::uint32_t U __attribute__((vector_size(FANIN_VECTOR_BYTES)));
typedef std::int32_t I __attribute__((vector_size(FANIN_VECTOR_BYTES)));
constexpr int lanes = FANIN_VECTOR_BYTES / 4;

template <class V, class T>
FANIN_INLINE V load(const T* p) {
  V v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
template <class V, class T>
FANIN_INLINE void store(T* p, V v) {
  __builtin_memcpy(p, &v, sizeof v);
}
FANIN_INLINE F broadcast(float x) { return x - F{}; }
FANIN_INLINE F select(I mask, F a, F b) {
  return reinterpret_cast<F>((mask & reinterpret_cast<I>(a)) | (~mask & reinterpret_cast<I>(b)));
}

// a·b + c in one rounding, whatever the instruction set.
FANIN_INLINE F fma(F a, F b, F c) {
#if FANIN_VECTOR_BYTES == 64
  return reinterpret_cast<F>(_mm512_fmadd_ps(a, b, c));
#elif FANIN_VECTOR_BYTES == 32
  return reinterpret_cast<F>(_mm256_fmadd_ps(a, b, c));
#elif defined(__aarch64__)
  return reinterpret_cast<F>(vfmaq_f32(c, a, b));
#else
  F r;
  for (int i = 0; i < lanes; ++i) r[i] = std::fma(a[i], b[i], c[i]);
  return r;
#endif
}

FANIN_INLINE F square_root(F x) {
#if FANIN_VECTOR_BYTES == 64
  return reinterpret_cast<F>(_mm512_maskz_sqrt_ps(0xffff, x));
#elif FANIN_VECTOR_BYTES == 32
  return reinterpret_cast<F>(_mm256_sqrt_ps(x));
#elif defined(__aarch64__)
  return reinterpret_cast<F>(vsqrtq_f32(x));
#else
  return reinterpret_cast<F>(_mm_sqrt_ps(x));
#endif
}

}  // namespace
