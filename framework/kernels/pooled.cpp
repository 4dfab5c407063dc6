#include "framework/kernels/pooled.hpp"

#include <algorithm>

#include "framework/kernels/correlation.hpp"

#define FANIN_KERNEL_SOURCE "framework/kernels/pooled.inl"
#include "framework/kernels/for_each_isa.inl"

namespace fanin::kernels {

void pool_grid(Index h, Index w, Index pitch, const real* grid, real bias, real* y, std::uint8_t* chosen) {
  FANIN_BY_ISA(pool_grid(h, w, pitch, grid, bias, y, chosen));
}

void spread_gradient(Index h, Index w, Index pitch, const real* pooled, const std::uint8_t* chosen, real* plane) {
  FANIN_BY_ISA(spread_gradient(h, w, pitch, pooled, chosen, plane));
}

const real* dense_gradient(const ConvShape& s, const OutputGradient& gradient, Index first, Index planes, real* room) {
  const Index size = gradient.plane_size(s), out_size = s.out_h() * s.out_w();
  const real* from = gradient.data + first * size;
  if (!gradient.chosen) return from;
  for (Index i = 0; i < planes; ++i) {
    spread_gradient(s.out_h(), s.out_w(), s.out_w(), from + i * size, gradient.chosen + (first + i) * size,
                    room + i * out_size);
  }
  return room;
}

Index dense_gradient_room(const ConvShape& s, const OutputGradient& gradient, Index planes) {
  return gradient.chosen ? planes * s.out_h() * s.out_w() + correlation_slack : 0;
}

}  // namespace fanin::kernels
