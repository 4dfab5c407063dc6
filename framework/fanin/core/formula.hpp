#pragma once
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fanin {

/// A number as a formula of named variables: `1.3/sqrt(fan_in)`, `max(x, 0)^3`, `-√2`. It has numbers, `pi`,
/// the variables, `+ - * / ^` with the usual precedence (`^` binds to the right, and before a minus sign in
/// front: -x^2 is -(x^2)), parentheses, and the functions sqrt (or √), exp, log, abs, tanh, sin, cos, erf, min
/// and max. Values are computed in double; where there is none (1/0, sqrt(-1)) they are not finite.
class NumberFormula {
 public:
  /// What else a formula may call: the number that `text` with that name, `gain(tanh)`, stands for; none where
  /// it is not known. Asked once, when the formula is read. It may throw.
  using Lookup = std::function<std::optional<double>(std::string_view name, std::string_view text)>;
  /// Names that stand for formulas of the same variables, read before.
  using Definitions = std::vector<std::pair<std::string, NumberFormula>>;

  /// Error (usage) that tells what was expected and at which character of `text`; also for one of more than
  /// 4096 characters or steps, or nested more than 64 deep.
  static NumberFormula parse(std::string_view text, const std::vector<std::string>& variables = {},
                             const Definitions& definitions = {}, const Lookup& lookup = {});

  /// Its value with the variables in the order they were named in; may be infinite or NaN. Safe in several
  /// threads, and allocates nothing.
  double operator()(std::span<const double> values = {}) const;
  /// Its derivative by the variable of that place. At a kink of abs it is 0, of min and max that of the first.
  double derivative(std::span<const double> values, std::size_t variable) const;
  /// Whether it names the variable of that place.
  bool uses(std::size_t variable) const;

 private:
  friend class FormulaReader;
  enum class Step { number, variable, add, subtract, multiply, divide, power, negate, function };
  struct Action {
    Step step = Step::number;
    double number = 0;      // of a number
    std::size_t index = 0;  // of a variable or a function
  };
  template <class T>
  T evaluate(std::span<const T> values) const;

  std::vector<Action> program_;  // in postfix order
};

/// Whether it is a name that formulas give a meaning of their own: `pi`, or a function's.
bool is_formula_word(std::string_view name);
/// Whether a formula's text has this name as a word.
bool names_word(std::string_view text, std::string_view name);

}  // namespace fanin
