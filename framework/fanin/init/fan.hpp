#pragma once
#include <fanin/core/named_values.hpp>
#include <fanin/core/shape.hpp>

namespace fanin::init {

/// How many numbers feed one unit of a layer, and how many units one input number feeds (the kernel's area is
/// in both). `in` and `out` are as PyTorch counts them, as if each unit met the whole kernel. Strides leave taps
/// out: a unit of a transposed convolution of stride 2 is fed by a quarter of `in`, on average, and a number
/// that a convolution of stride 2 reads feeds a quarter of `out`.
struct Fans {
  Index in = 0;   ///< numbers that feed one unit
  Index out = 0;  ///< units that one number feeds
  Index in_parts =
      1;  ///< a transposed convolution's stride², else 1: `in_parts`-th of `in` is what feeds a unit
  Index out_parts = 1;  ///< a convolution's stride², else 1: `out_parts`-th of `out` is what a number feeds
  bool operator==(const Fans&) const = default;
};

/// From a weight's shape [out, in, kernel…], as PyTorch's `_calculate_fan_in_and_fan_out`. A layer that knows
/// better (groups, transposed) passes its own. Error for fewer than two dimensions.
Fans fans_of(const Shape& shape);

/// Which fan a variance is kept for: `in` the forward signal's, `out` the gradient's, `average` a compromise. The
/// true ones count what strides leave, which PyTorch, Keras and JAX do not; elsewhere they are the same.
enum class Fan { in, out, average, true_in, true_out };

/// Their names in options: "fan_in", "fan_out", "fan_avg", "true_fan_in", "true_fan_out".
constexpr auto choices_of(Fan) {
  return named_values<Fan>("fan", {{Fan::in, "fan_in"},
                                   {Fan::out, "fan_out"},
                                   {Fan::average, "fan_avg"},
                                   {Fan::true_in, "true_fan_in"},
                                   {Fan::true_out, "true_fan_out"}});
}
/// The groups of a convolution with a weight of this shape, transposed or not, whose layer has these fans: 1 for
/// the fans of the shape itself.
Index groups_of(const Shape& weight, const Fans& fans);
/// The fan of that kind, which may lie between two whole numbers.
double pick(const Fans& fans, Fan mode);

}  // namespace fanin::init
