#pragma once
#include <string>
#include <vector>

#include <fanin/core/expression.hpp>
#include <fanin/core/formula.hpp>
#include <fanin/init/site.hpp>

namespace fanin::init {

/// A numeric option as a formula of its parameter's place: `std=1.3/sqrt(fan_in)`. It may name `fan_in` and
/// `fan_out` of the layer, `depth`, how many weight layers the model has, and `layer`, which of them it is,
/// from 1 (a lone layer is the first of one); and call `gain(relu)` or `gain(max(x,0)^3)`, the forward gain of any of
/// the framework's activations or of a formula in x (`init::forward_gain`).
struct OptionFormula {
  std::size_t option = 0;        ///< its place among the scheme's options
  std::string text;              ///< as written
  fanin::NumberFormula formula;  ///< of the variables of `site_values`

  /// Whether it speaks of the place in a model, which fans alone do not tell.
  bool needs_model() const;
};

/// The names that a formula may use, in the order of `site_values`.
const std::vector<std::string>& site_variables();
/// Their values at `site`; those of a parameter that is of no weight layer are NaN for `layer`.
std::vector<double> site_values(const Site& site);

/// What the definitions of a call stand for. Error (usage) for a name that is taken or defined twice.
fanin::NumberFormula::Definitions read_definitions(const std::vector<CallArgument>& definitions,
                                                   const std::string& source);
/// A formula of those names and definitions. Error (usage).
fanin::NumberFormula read_formula(const std::string& text,
                                  const fanin::NumberFormula::Definitions& definitions);

}  // namespace fanin::init
