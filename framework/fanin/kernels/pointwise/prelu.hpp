#pragma once
#include <fanin/core/real.hpp>

namespace fanin::kernels {

/// y = x > 0 ? x : w[channel]·x over [batch, channels, inner].
void prelu_forward(Index batch, Index channels, Index inner, const real* x, const real* w, real* y);
/// grad_x (+)= grad_y · (x > 0 ? 1 : w[channel]).
void prelu_backward_data(Index batch, Index channels, Index inner, const real* x, const real* w,
                         const real* grad_y, real* grad_x, bool accumulate);
/// grad_w[channel] (+)= the sum of grad_y·x where x <= 0.
void prelu_backward_weight(Index batch, Index channels, Index inner, const real* x, const real* grad_y,
                           real* grad_w, bool accumulate);

}  // namespace fanin::kernels
