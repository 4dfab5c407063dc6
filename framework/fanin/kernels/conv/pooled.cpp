#include <algorithm>

#include <fanin/kernels/conv/pooled.hpp>
#include <fanin/kernels/workspace.hpp>

#define FANIN_KERNEL_SOURCE <fanin/kernels/conv/pooled.inl>
#include <fanin/kernels/simd/for_each_isa.inl>

namespace fanin::kernels {
namespace {

void spread_gradient(Index h, Index w, Index pitch, const real* pooled, const std::uint8_t* chosen,
                     real* plane) {
  FANIN_BY_ISA(spread_gradient(h, w, pitch, pooled, chosen, plane));
}

}  // namespace

void pool_grid(const Grid& grid, Index width, real bias, real* y, std::uint8_t* chosen) {
  FANIN_BY_ISA(pool_grid(grid, width, bias, y, chosen));
}

void pack_gradient(const PackedPlane& p, const OutputGradient& gradient, Index plane, real* packed) {
  const Index size = p.height * p.width / (gradient.chosen ? 4 : 1);
  const real* from = gradient.data + plane * size;
  if (!gradient.chosen) {
    pack_plane(p, from, packed);
    return;
  }
  const std::uint8_t* chosen = gradient.chosen + plane * size;
  const Index top = -p.first_h, left = -p.first_w, right = p.pitch - left - p.width;
  if (top < 0 || left < 0 || right < 0 || p.rows < top + p.height || p.step_h != 1 ||
      p.step_w != 1) {  // cropped
    Workspace<> dense(p.height * p.width + correlation_slack);
    spread_gradient(p.height, p.width, p.width, from, chosen, dense.data());
    pack_plane(p, dense.data(), packed);
    return;
  }
  // The spare columns that follow a row are its right border and the next row's left.
  std::fill_n(packed, top * p.pitch + left, real(0));
  real* first = packed + top * p.pitch + left;
  spread_gradient(p.height, p.width, p.pitch, from, chosen, first);
  std::fill(first + p.height * p.pitch - left, packed + p.size(), real(0));
}

const real* dense_gradient(const ConvShape& s, const OutputGradient& gradient, Index first, Index planes,
                           real* room) {
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
