#pragma once
#include <cstdint>

#include <fanin/core/real.hpp>

/// The loops under random/generator: MT19937 by blocks, and what PyTorch makes of its outputs. Always in
/// float (the double build widens afterwards). Every instruction set computes the same bits.
namespace fanin::kernels {

constexpr int mt19937_words = 624;

/// The next 624 words of state (Matsumoto & Nishimura 1998), in place.
void mt19937_twist(std::uint32_t* state);
/// `out[i]` = the output that belongs to state word `state[i]`.
void mt19937_temper(Index n, const std::uint32_t* state, std::uint32_t* out);

/// out[i] = low + scale · (24 low bits of outputs[i]) / 2²⁴, rounded once.
void uniform_from_outputs(Index n, const std::uint32_t* outputs, float low, float scale, float* out);

/// Box-Muller in place on `blocks` blocks of 16 uniforms in [0, 1): eight u1, then eight u2, become eight
/// r·cos and eight r·sin, with r = √(-2 ln(1 - u1)) and angle 2π·u2, times std plus mean. ln, sin and cos are
/// Cephes' single precision ones, operation by operation as in PyTorch's AVX2 code, so the bits are
/// PyTorch's.
void box_muller(Index blocks, float* v, float mean, float std);

/// out[i] = value where the 53 bits of the output pair outputs[2i], outputs[2i+1] (high, low) are below
/// `threshold`, else 0.
void bernoulli_from_outputs(Index n, const std::uint32_t* outputs, std::uint64_t threshold, real value,
                            real* out);

}  // namespace fanin::kernels
