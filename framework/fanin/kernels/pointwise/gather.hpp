#pragma once
#include <fanin/core/real.hpp>

namespace fanin::kernels {

/// out[i] = image number indices[i] of `images` (bytes, image_size each), every byte as byte·scale_mul +
/// scale_add.
void gather_normalize(const std::uint8_t* images, Index image_size, const Index* indices, Index count,
                      real scale_mul, real scale_add, real* out);
/// As above with one multiplier and one addend per channel; image_size must be a multiple of `channels`
/// (planes, CHW).
void gather_normalize(const std::uint8_t* images, Index image_size, const Index* indices, Index count,
                      Index channels, const real* scale_mul, const real* scale_add, real* out);

}  // namespace fanin::kernels
