#pragma once
#include <string>
#include <string_view>
#include <vector>

#include <fanin/init/nonlinearity.hpp>

namespace fanin::init {

/// A function of x by its text: numbers, `pi` and `e`, x, + - * / ^ (also **), parentheses, and functions:
/// `formula_functions`. Its derivative is computed with it, exactly, by the rules for sums, products and chains.
class Formula {
 public:
  /// Error (usage) that shows the place in the text, for one of more than 1000 bytes or with more than 50 levels of
  /// nesting.
  static Formula parse(std::string_view text);

  /// f(x) and f'(x); in a corner one of the two one-sided slopes.
  struct Point {
    double value, slope;
  };
  Point at(double x) const;  ///< not finite where the formula is not
  /// Both as functions.
  Nonlinearity nonlinearity() const;

 private:
  friend class FormulaReader;
  struct Step {  // of a calculation on a stack
    enum class Kind { number, x, call } kind;
    double number = 0;
    int function = 0, arguments = 0;
  };
  std::vector<Step> steps_;
};

/// The names that a formula may call, the framework's activations among them.
std::vector<std::string> formula_functions();
/// Whether a text is meant as a formula: it names x.
bool is_formula(std::string_view text);

}  // namespace fanin::init
