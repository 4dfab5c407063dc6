#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <fanin/core/expression.hpp>

namespace fanin::init {

/// A pointwise function with its derivative, as the theory of signal propagation sees it.
struct Nonlinearity {
  std::function<double(double)> f;      ///< the function itself
  std::function<double(double)> slope;  ///< its derivative

  /// A function of one's own with its derivative.
  Nonlinearity(std::function<double(double)> function, std::function<double(double)> derivative)
      : f(std::move(function)), slope(std::move(derivative)) {}
  /// A function of one's own; its derivative is taken by central differences.
  explicit Nonlinearity(std::function<double(double)> function);

  /// @{
  /// One of the framework's, by a call text: `relu`, `leaky_relu(0.2)`, `elu(alpha=0.5)`. Error (usage)
  /// otherwise.
  static Nonlinearity named(std::string_view text);
  static Nonlinearity named(const CallExpression& call);
  /// @}
};

/// The names that `Nonlinearity::named` knows.
const std::vector<std::string>& nonlinearity_names();

}  // namespace fanin::init
