#pragma once
#include <algorithm>

#include <fanin/kernels/conv/planes.hpp>
#include <fanin/kernels/workspace.hpp>

namespace fanin::kernels {

/// Winograd's minimal filtering F(2×2, 3×3) (Lavin & Gray 2016, arXiv:1509.09308): a tile of 2×2 outputs from
/// 4×4 inputs in 16 products for each pair of channels, where the definition takes 36. Sums and differences
/// of the inputs (V) meet those of the filters (U) in 16 matrix products over the channels, and sums of the
/// results are the outputs: y = Aᵀ[(G w Gᵀ) ∘ (Bᵀ x B)]A. Worth its transforms from 16 channels on either
/// side.
bool winograd_pays(const ConvShape& shape);

/// `rows` planes of height × width, height even, as 3×3 correlations of `sources` packed planes.
struct WinogradShape {
  Index rows, sources, height, width;
  // of the sources: (height + 2) rows, and correlation_slack elements after the last plane
  Index pitch, plane_size;
};

/// Tile rows whose V stays in the second-level cache together; `planes` of them are kept for each.
Index winograd_block(const WinogradShape& shape, Index planes);
/// Tiles of `tile_rows` rows of tiles, filled up to whole vectors.
Index winograd_tiles(const WinogradShape& shape, Index tile_rows);
Index winograd_grid_pitch(const WinogradShape& shape);
/// Elements of one of the 16 matrices of V, or of the gradient's: a little more than it holds, since matrices
/// a multiple of 4 KiB apart would all fall into one set of the first-level cache.
constexpr Index winograd_matrix(Index planes, Index tiles) { return planes * tiles + 16; }

/// How the filters lie in the weights: the 9 taps of (group, row, source) at data + group·group_step +
/// row·row_step + source·source_step.
struct Filters {
  const real* data;
  Index group_step, row_step, source_step;
  bool flipped;  // taps in reverse order: the transposed convolution
};
/// u[16][rows][sources] = G w Gᵀ of each group, winograd_filters_size apart.
void winograd_filters(const WinogradShape& shape, Index groups, const Filters& filters, real* u);
constexpr Index winograd_filters_size(const WinogradShape& shape) { return 16 * shape.rows * shape.sources; }
/// v[16][sources][tiles] = Bᵀ x B for tile rows [first, first + tile_rows).
void winograd_sources(const WinogradShape& shape, const real* planes, Index first, Index tile_rows, real* v);

constexpr Index winograd_most_rows = 14;  // multiplied at once
/// Rows [row, row + rows), at most winograd_most_rows, of these tile rows, into grids grid_stride apart.
void winograd_multiply(const WinogradShape& shape, const real* u, Index row, Index rows, const real* v,
                       Index tile_rows, real* grid, Index grid_stride);
/// The most rows that one winograd_multiply should take here.
Index winograd_row_limit();

/// finish(row, grid) for stretches of some rows' planes.
template <class Finish>
void each_winograd_row(const WinogradShape& s, const real* u, const real* planes, const Rows& part,
                       Finish finish) {
  const Index block = winograd_block(s, s.sources), limit = winograd_row_limit(),
              pitch = winograd_grid_pitch(s);
  const Index blocks = (part.count + limit - 1) / limit, grid_stride = 2 * block * pitch;
  Workspace<> v(16 * winograd_matrix(s.sources, winograd_tiles(s, block))),
      grid(limit * grid_stride + correlation_slack);
  for (Index first = 0; first < s.height / 2; first += block) {
    const Index tile_rows = std::min(block, s.height / 2 - first);
    winograd_sources(s, planes, first, tile_rows, v.data());
    for (Index b = 0; b < blocks; ++b) {
      const Index row = part.first + part.count * b / blocks,
                  rows = part.first + part.count * (b + 1) / blocks - row;
      winograd_multiply(s, u, row, rows, v.data(), tile_rows, grid.data(), grid_stride);
      for (Index r = 0; r < rows; ++r)
        finish(row + r, Grid{grid.data() + r * grid_stride, pitch, 2 * first, 2 * tile_rows});
    }
  }
}

/// The weights' gradient: du[16][rows][padded sources] += A grad_y Aᵀ times V over the images' tiles, and
/// then grad_w[rows][sources][9] = Gᵀ du G.
Index winograd_padded_sources(const WinogradShape& shape);
/// `planes` are one image's sources, `gradient` its gradient planes at `gradient_pitch`, gradient_stride
/// apart, with zeros in their spare columns.
void winograd_add_products(const WinogradShape& shape, const real* planes, const real* gradient,
                           Index gradient_pitch, Index gradient_stride, real* du);
void winograd_filter_gradient(const WinogradShape& shape, const real* du, real* grad_w, bool accumulate);

}  // namespace fanin::kernels
