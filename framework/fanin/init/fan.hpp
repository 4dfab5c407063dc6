#pragma once
#include <fanin/core/choice.hpp>
#include <fanin/core/shape.hpp>

namespace fanin::init {

/// How many numbers feed one unit of a layer, and how many units one input number feeds (the kernel's area is
/// in both).
struct Fans {
  Index in = 0;   ///< numbers that feed one unit
  Index out = 0;  ///< units that one number feeds
  bool operator==(const Fans&) const = default;
};

/// From a weight's shape [out, in, kernel…], as PyTorch's `_calculate_fan_in_and_fan_out`. A layer that knows
/// better (groups, transposed) passes its own. Error for fewer than two dimensions.
Fans fans_of(const Shape& shape);

/// Which fan a variance is kept for: `in` the forward signal's, `out` the gradient's, `average` a compromise.
enum class Fan { in, out, average };

/// Their names in options: "fan_in", "fan_out", "fan_avg".
constexpr auto choices_of(Fan) {
  return choices<Fan>("fan", {{Fan::in, "fan_in"}, {Fan::out, "fan_out"}, {Fan::average, "fan_avg"}});
}
/// The fan of that kind; `average` may lie halfway between two numbers.
double pick(const Fans& fans, Fan mode);

}  // namespace fanin::init
