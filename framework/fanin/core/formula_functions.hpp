#pragma once
#include <span>
#include <string_view>

namespace fanin {

/// A value with its derivative by one variable: a dual number.
struct DualNumber {
  double value = 0;  ///< of a formula's part
  double slope = 0;  ///< its derivative

  /// f' · slope, where a constant's slope of 0 stays 0 whatever f' is.
  static double chain(double derivative, double slope) { return slope == 0 ? 0 : derivative * slope; }
};

/// A function that a formula may call by its name (core/formula.hpp), with its derivative. One of a single
/// argument does not look at `b`.
struct FormulaFunction {
  std::string_view name;                           ///< "sqrt"
  int arguments;                                   ///< 1 or 2
  double (*value)(double a, double b);             ///< may be infinite or NaN
  DualNumber (*dual)(DualNumber a, DualNumber b);  ///< value and derivative
};

/// All of them; √ is the first.
std::span<const FormulaFunction> formula_functions();

}  // namespace fanin
