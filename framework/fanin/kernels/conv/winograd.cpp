#include <array>

#include <fanin/kernels/conv/winograd.hpp>

#define FANIN_KERNEL_SOURCE <fanin/kernels/conv/winograd.inl>
#include <fanin/kernels/simd/for_each_isa.inl>

namespace fanin::kernels {

bool winograd_pays(const ConvShape& s) {
  // A row's tiles are computed eight at a time: with few of them most of the work would be for nothing.
  const auto filled = [](Index width) {
    const Index tiles = (width + 1) / 2;
    return 3 * tiles >= 2 * ((tiles + 7) / 8 * 8);
  };
  return s.kernel_h == 3 && s.kernel_w == 3 && s.stride_h == 1 && s.stride_w == 1 && s.dilation_h == 1 &&
         s.dilation_w == 1 && s.pad_h <= 2 && s.pad_w <= 2 && s.height % 2 == 0 &&
         s.in_channels / s.groups >= 16 && s.out_channels / s.groups >= 16 && filled(s.width) &&
         filled(s.out_w());
}

Index winograd_block(const WinogradShape& s, Index planes) {
  constexpr Index cached = 110'000;  // elements
  return std::clamp<Index>(cached / (16 * planes * winograd_tiles(s, 1)), 1,
                           std::max<Index>(s.height / 2, 1));
}
Index winograd_tiles(const WinogradShape& s, Index tile_rows) { return FANIN_BY_ISA(tiles_of(s, tile_rows)); }
Index winograd_grid_pitch(const WinogradShape& s) { return FANIN_BY_ISA(grid_pitch(s)); }
Index winograd_row_limit() { return FANIN_BY_ISA(row_limit()); }

void winograd_filters(const WinogradShape& s, Index groups, const Filters& filters, real* u) {
  Filters of_group = filters;
  for (Index group = 0; group < groups; ++group, of_group.data += filters.group_step)
    FANIN_BY_ISA(transform_filters(s, of_group, u + group * winograd_filters_size(s)));
}
void winograd_sources(const WinogradShape& s, const real* planes, Index first, Index tile_rows, real* v) {
  FANIN_BY_ISA(transform_sources(s, planes, first, tile_rows, v));
}
void winograd_multiply(const WinogradShape& s, const real* u, Index row, Index rows, const real* v,
                       Index tile_rows, real* grid, Index grid_stride) {
  Workspace<> products(16 * winograd_most_rows * 32);
  FANIN_BY_ISA(multiply(s, u, row, rows, v, tile_rows, products.data(), grid, grid_stride));
}

Index winograd_padded_sources(const WinogradShape& s) { return (s.sources + 15) / 16 * 16; }
void winograd_add_products(const WinogradShape& s, const real* planes, const real* gradient,
                           Index gradient_pitch, Index gradient_stride, real* du) {
  const Index padded = winograd_padded_sources(s), block = winograd_block(s, s.rows + padded);
  const Index most = winograd_tiles(s, block);
  Workspace<> v(16 * winograd_matrix(padded, most)), m(16 * winograd_matrix(s.rows, most));
  for (Index first = 0; first < s.height / 2; first += block) {
    const Index tile_rows = std::min(block, s.height / 2 - first), tiles = winograd_tiles(s, tile_rows);
    FANIN_BY_ISA(transform_sources_by_tile(s, planes, first, tile_rows, padded, v.data()));
    FANIN_BY_ISA(
        transform_gradient(s, gradient, gradient_pitch, gradient_stride, first, tile_rows, m.data()));
    FANIN_BY_ISA(add_products(s.rows, padded, tiles, m.data(), v.data(), du));
  }
}
void winograd_filter_gradient(const WinogradShape& s, const real* du, real* grad_w, bool accumulate) {
  FANIN_BY_ISA(filter_gradient(s, winograd_padded_sources(s), du, grad_w, accumulate));
}

}  // namespace fanin::kernels
