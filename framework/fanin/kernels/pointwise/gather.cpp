#include <algorithm>
#include <cstring>

#include <fanin/core/parallel.hpp>
#include <fanin/kernels/pointwise/gather.hpp>

#define FANIN_KERNEL_SOURCE <fanin/kernels/pointwise/gather.cpp>
#include <fanin/kernels/simd/for_each_isa.inl>

#ifdef FANIN_VECTOR_BYTES  // for each instruction set
#include <fanin/kernels/simd/bytes.inl>

/// out[i] = bytes[i]·mul + add
void normalize_bytes(Index n, const std::uint8_t* bytes, real mul, real add, real* out) {
  const Vec scale = broadcast(mul), shift = broadcast(add);
  Index i = 0;
  for (; i + lanes <= n; i += lanes) {
    Bytes some;
    std::memcpy(&some, bytes + i, sizeof some);
    store(out + i, __builtin_convertvector(widened(some), Vec) * scale + shift);
  }
  for (; i < n; ++i) out[i] = static_cast<real>(bytes[i]) * mul + add;
}

#else  // once

namespace fanin::kernels {

void gather_normalize(const std::uint8_t* images, Index image_size, const Index* indices, Index count,
                      real scale_mul, real scale_add, real* out) {
  gather_normalize(images, image_size, indices, count, 1, &scale_mul, &scale_add, out);
}

void gather_normalize(const std::uint8_t* images, Index image_size, const Index* indices, Index count,
                      Index channels, const real* scale_mul, const real* scale_add, real* out) {
  constexpr Index together = 32;  // images a piece
  const Index plane = image_size / channels;
  parallel_for((count + together - 1) / together, [&](Index piece) {
    for (Index i = piece * together; i < std::min(count, (piece + 1) * together); ++i) {
      // The shuffled order defeats the hardware's prefetcher: ask for an image while another is converted.
      if (i + 2 < count) {
        for (Index line = 0; line < image_size; line += 64)
          __builtin_prefetch(images + indices[i + 2] * image_size + line);
      }
      for (Index c = 0; c < channels; ++c) {
        const std::uint8_t* from = images + indices[i] * image_size + c * plane;
        FANIN_BY_ISA(
            normalize_bytes(plane, from, scale_mul[c], scale_add[c], out + i * image_size + c * plane));
      }
    }
  });
}

}  // namespace fanin::kernels

#endif
