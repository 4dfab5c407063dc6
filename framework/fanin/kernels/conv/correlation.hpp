#pragma once
#include <fanin/kernels/conv/planes.hpp>
#include <fanin/kernels/workspace.hpp>

namespace fanin::kernels {

/// out[row][y·pitch + x] = Σ_t weights[row][t] · source[offsets[t] + y·pitch + x]: a convolution over packed
/// planes. The grid has the planes' pitch; its columns from out_w on are by-products nobody reads.
struct Correlation {
  Index rows, terms, out_h, out_w, pitch;
  const real* weights;
  const Index* offsets;

  Index length() const { return (out_h - 1) * pitch + out_w; }
};

constexpr Index grid_stride_of(Index length) { return (length + 63) / 64 * 64; }

/// Rows [row, row + rows) of the correlation into `grid`, `grid_stride` apart; `rows` is at most
/// correlation_row_limit(c.rows).
void correlate(const Correlation& c, const real* source, Index row, Index rows, real* grid,
               Index grid_stride);
Index correlation_row_limit(Index rows);

/// finish(row, grid) for each of some rows' planes of the correlation over one packed source.
template <class Finish>
void each_row(const Correlation& c, const real* source, const Rows& part, Finish finish) {
  const Index stride = grid_stride_of(c.length());
  const Index limit = correlation_row_limit(c.rows);
  const Index blocks = (part.count + limit - 1) / limit;
  Workspace<> grid(limit * stride + correlation_slack);
  for (Index block = 0; block < blocks; ++block) {
    const Index row = part.first + part.count * block / blocks,
                rows = part.first + part.count * (block + 1) / blocks - row;
    correlate(c, source, row, rows, grid.data(), stride);
    for (Index r = 0; r < rows; ++r) finish(row + r, Grid{grid.data() + r * stride, c.pitch, 0, c.out_h});
  }
}

}  // namespace fanin::kernels
