#pragma once
#include <fanin/kernels/conv/planes.hpp>

namespace fanin::kernels {

/// y[grid.rows/2, width/2] = the largest of each 2×2 window of relu(grid + bias); `chosen`, when not null, is
/// the pixel of the window it came from, 0..3, or 4 where that is not positive and so passes no gradient on.
/// NaN wins.
void pool_grid(const Grid& grid, Index width, real bias, real* y, std::uint8_t* chosen);

/// The gradient of output plane `plane`, packed: as it lies, or spread from its windows. May write up to 128
/// elements past the plane, as pack_plane does.
void pack_gradient(const PackedPlane& how, const OutputGradient& gradient, Index plane, real* packed);

/// The gradient of `planes` output planes from plane `first` on: as it lies, or spread into `room`, of
/// `dense_gradient_room` elements.
const real* dense_gradient(const ConvShape& shape, const OutputGradient& gradient, Index first, Index planes,
                           real* room);
Index dense_gradient_room(const ConvShape& shape, const OutputGradient& gradient, Index planes);

}  // namespace fanin::kernels
