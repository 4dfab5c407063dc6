#include <zlib.h>

#include <fanin/io/crc32.hpp>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace fanin::io {
namespace {

std::uint32_t zlib_crc(std::uint32_t crc, const std::byte* bytes, std::size_t size) {
  return static_cast<std::uint32_t>(::crc32_z(crc, reinterpret_cast<const Bytef*>(bytes), size));
}

#if defined(__x86_64__)

/// x^(b + 64) and x^b mod P for the two halves of `state`, moved b bits ahead and added to `next` (Gopal et
/// al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ", Intel 2009, bit-reflected).
[[gnu::target("pclmul,sse4.1")]] inline __m128i fold(__m128i state, __m128i powers, __m128i next) {
  const __m128i low = _mm_clmulepi64_si128(state, powers, 0x00);
  const __m128i high = _mm_clmulepi64_si128(state, powers, 0x11);
  return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

/// At least 64 bytes: four lanes of 16 bytes each take every fourth block, and are brought together at the
/// end in 16 bytes whose CRC is that of all before.
[[gnu::target("pclmul,sse4.1")]] std::uint32_t multiplied_crc(std::uint32_t crc, const std::byte* bytes,
                                                              std::size_t size) {
  const __m128i over_64_bytes = _mm_set_epi64x(0x01c6e41596, 0x0154442bd4);
  const __m128i over_16_bytes = _mm_set_epi64x(0x00ccaa009e, 0x01751997d0);
  const auto block = [&](std::size_t i) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes) + i);
  };
  __m128i a = _mm_xor_si128(block(0), _mm_cvtsi32_si128(static_cast<int>(~crc)));
  __m128i b = block(1), c = block(2), d = block(3);
  for (bytes += 64, size -= 64; size >= 64; bytes += 64, size -= 64) {
    a = fold(a, over_64_bytes, block(0));
    b = fold(b, over_64_bytes, block(1));
    c = fold(c, over_64_bytes, block(2));
    d = fold(d, over_64_bytes, block(3));
  }
  a = fold(fold(fold(a, over_16_bytes, b), over_16_bytes, c), over_16_bytes, d);
  std::byte folded[16];
  _mm_storeu_si128(reinterpret_cast<__m128i*>(folded), a);
  // The register starts at 0 here: the CRC before is in `folded` already.
  return zlib_crc(zlib_crc(~std::uint32_t{0}, folded, sizeof folded), bytes, size);
}

#endif

}  // namespace

std::uint32_t crc32_of(std::uint32_t crc, const void* data, std::size_t size) {
  const auto* bytes = static_cast<const std::byte*>(data);
#if defined(__x86_64__)
  static const bool multiplies = __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
  if (multiplies && size >= 64) return multiplied_crc(crc, bytes, size);
#endif
  return zlib_crc(crc, bytes, size);
}

}  // namespace fanin::io
