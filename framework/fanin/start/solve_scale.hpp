#pragma once
#include <functional>
#include <optional>

namespace fanin::start {

/// The factor in [1e-4, 1e4], the one next to 1 in the direction in which it lies, for which `second_moment(factor)` is
/// `target` within `tolerance` of it: by secants on logarithms, kept within brackets. `second_moment(1)` is asked
/// first, and says in which direction to go: more grows it. None where it is not reached in 60 calls.
std::optional<double> solve_scale(double target, double tolerance,
                                  const std::function<double(double factor)>& second_moment);

}  // namespace fanin::start
