#pragma once
#include <fanin/core/real.hpp>

namespace fanin::kernels {

/// Arrays of [batch, channels, inner]: one value a channel, added to or gathered from every element of it.

/// y += bias[channel].
void add_to_channels(Index batch, Index channels, Index inner, const real* bias, real* y);
/// out[channel] (+)= the sum of the channel's elements.
void channel_sums(Index batch, Index channels, Index inner, const real* x, real* out, bool accumulate);

}  // namespace fanin::kernels
