#pragma once
#include <span>

#include <fanin/core/real.hpp>

namespace fanin::probe {

/// A drawn tensor's std this many standard errors or more from its target is improbable: below one in a
/// million for independent draws.
inline constexpr double improbable_score = 5;

/// How far the std of drawn values is from the std their scheme aims at, in standard errors of a std: target
/// · √((kurtosis - 1) / 4n), with the kurtosis of the values but at least the normal one. Infinite where the
/// target is 0 and the values differ; 0 for fewer than two values.
double deviation_score(std::span<const real> values, double target);

}  // namespace fanin::probe
