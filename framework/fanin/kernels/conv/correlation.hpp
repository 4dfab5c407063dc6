#pragma once
#include <fanin/kernels/conv/planes.hpp>

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

}  // namespace fanin::kernels
