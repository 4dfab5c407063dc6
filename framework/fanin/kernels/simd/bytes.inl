// Bytes beside a register of `real`s, one for each lane.
#include <fanin/kernels/simd/vector.inl>

namespace {

typedef std::uint8_t Bytes __attribute__((vector_size(lanes)));

FANIN_INLINE IntVec widened(Bytes bytes) {
#if FANIN_VECTOR_BYTES == 32 && !defined(FANIN_DOUBLE)  // GCC would take them one by one
  const auto eight = __builtin_bit_cast(long long, bytes);
  return reinterpret_cast<IntVec>(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128(eight)));
#else
  return __builtin_convertvector(bytes, IntVec);
#endif
}

/// Of numbers 0..127.
FANIN_INLINE Bytes narrowed(IntVec numbers) {
#if FANIN_VECTOR_BYTES == 32 && !defined(FANIN_DOUBLE)
  const auto all = reinterpret_cast<__m256i>(numbers);
  const __m128i shorts = _mm_packs_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1));
  return __builtin_bit_cast(Bytes,
                            static_cast<long long>(_mm_cvtsi128_si64(_mm_packs_epi16(shorts, shorts))));
#else
  return __builtin_convertvector(numbers, Bytes);
#endif
}

}  // namespace
