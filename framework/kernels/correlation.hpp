#pragma once
#include "framework/core/real.hpp"

namespace fanin::kernels {

/// How one plane of an image is laid out for the convolution kernels: padded, and for a stride split into
/// phases, so that stepping one output to the right or one term of the sum to the next tap are both plain
/// pointer offsets. Packed (r, q) holds the plane's (r·step_h + first_h, q·step_w + first_w), or 0 outside
/// it.
struct PackedPlane {
  Index height, width;  // of the plane as it lies
  Index rows, pitch;    // as packed
  Index step_h = 1, step_w = 1;
  Index first_h = 0, first_w = 0;

  Index size() const { return rows * pitch; }
};

/// out[row][y·pitch + x] = Σ_t weights[row][t] · source[offsets[t] + y·pitch + x]: a convolution over packed
/// planes. The grid has the planes' pitch; its columns from out_w on are by-products nobody reads.
struct Correlation {
  Index rows, terms, out_h, out_w, pitch;
  const real* weights;
  const Index* offsets;

  Index length() const { return (out_h - 1) * pitch + out_w; }
};

constexpr Index correlation_slack = 128;  // readable elements past the end of packed sources and grids
constexpr Index grid_stride_of(Index length) { return (length + 63) / 64 * 64; }

}  // namespace fanin::kernels
