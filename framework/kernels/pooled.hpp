#pragma once
#include "framework/kernels/planes.hpp"

namespace fanin::kernels {

/// y[grid.rows/2, width/2] = the largest of each 2×2 window of relu(grid + bias); `chosen`, when not null, is
/// the pixel of the window it came from, 0..3, or 4 where that is not positive and so passes no gradient on.
/// NaN wins.
void pool_grid(const Grid& grid, Index width, real bias, real* y, std::uint8_t* chosen);

/// The gradient of one plane [h, w] at `pitch` from that of its windows; zeros in the spare columns. May
/// write up to 128 elements past the plane.
void spread_gradient(Index h, Index w, Index pitch, const real* pooled, const std::uint8_t* chosen,
                     real* plane);

/// The gradient of one plane, packed: as pack_plane of what spread_gradient gives.
void pack_spread_gradient(const PackedPlane& how, const real* pooled, const std::uint8_t* chosen,
                          real* packed);

/// The gradient of `planes` output planes from plane `first` on: as it lies, or spread into `room`, of
/// `dense_gradient_room` elements.
const real* dense_gradient(const ConvShape& shape, const OutputGradient& gradient, Index first, Index planes,
                           real* room);
Index dense_gradient_room(const ConvShape& shape, const OutputGradient& gradient, Index planes);

}  // namespace fanin::kernels
