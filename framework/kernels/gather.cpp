#include "framework/kernels/gather.hpp"

namespace fanin::kernels {

void gather_normalize(const std::uint8_t* images, Index image_size, const Index* indices, Index count,
                      real scale_mul, real scale_add, real* out) {
  gather_normalize(images, image_size, indices, count, 1, &scale_mul, &scale_add, out);
}

void gather_normalize(const std::uint8_t* images, Index image_size, const Index* indices, Index count,
                      Index channels, const real* scale_mul, const real* scale_add, real* out) {
  const Index plane = image_size / channels;
  for (Index i = 0; i < count; ++i) {
    const std::uint8_t* image = images + indices[i] * image_size;
    for (Index c = 0; c < channels; ++c) {
      for (Index p = 0; p < plane; ++p) *out++ = static_cast<real>(*image++) * scale_mul[c] + scale_add[c];
    }
  }
}

}  // namespace fanin::kernels
