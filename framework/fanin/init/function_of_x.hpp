#pragma once
#include <string>

#include <fanin/init/nonlinearity.hpp>

namespace fanin::init {

/// Whether a text is a formula in x, "max(x,0)^3", and no activation's call.
bool is_function_of_x(const std::string& text);
/// A formula in x (`NumberFormula`) with its exact slope, or one of the framework's activations (`Nonlinearity::named`).
/// Error (usage).
Nonlinearity nonlinearity_of(const std::string& text);

}  // namespace fanin::init
