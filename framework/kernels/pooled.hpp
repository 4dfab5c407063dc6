#pragma once
#include "framework/kernels/conv.hpp"

namespace fanin::kernels {

/// y[h/2, w/2] = the largest of each 2×2 window of relu(grid + bias), the grid's rows `pitch` apart and readable for
/// correlation_slack elements past its end; `chosen` as OutputGradient's, or null.
void pool_grid(Index h, Index w, Index pitch, const real* grid, real bias, real* y, std::uint8_t* chosen);

/// The gradient of one plane [h, w] at `pitch` from that of its windows; zeros in the spare columns. May write up to 128
/// elements past the plane.
void spread_gradient(Index h, Index w, Index pitch, const real* pooled, const std::uint8_t* chosen, real* plane);

/// The gradient of `planes` output planes from plane `first` on: as it lies, or spread into `room`, of
/// `dense_gradient_room` elements.
const real* dense_gradient(const ConvShape& shape, const OutputGradient& gradient, Index first, Index planes,
                           real* room);
Index dense_gradient_room(const ConvShape& shape, const OutputGradient& gradient, Index planes);

}  // namespace fanin::kernels
