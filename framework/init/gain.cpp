#include "framework/init/gain.hpp"

#include <cmath>

#include "framework/core/error.hpp"
#include "framework/core/expression.hpp"

namespace fanin::init {

double calculate_gain(const std::string& nonlinearity, double param) {
  if (nonlinearity == "tanh") return 5.0 / 3;
  if (nonlinearity == "relu") return std::sqrt(2.0);
  if (nonlinearity == "leaky_relu") return std::sqrt(2.0 / (1 + param * param));
  if (nonlinearity == "selu") return 3.0 / 4;
  for (const std::string& name : gain_names())
    if (name == nonlinearity) return 1;
  fail("unknown nonlinearity {}{}", quoted(nonlinearity), suggest(nonlinearity, gain_names()));
}

const std::vector<std::string>& gain_names() {
  static const std::vector<std::string> names = {
      "linear",  "conv1d",           "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d",
      "sigmoid", "conv_transpose3d", "tanh",   "relu",   "leaky_relu",       "selu"};
  return names;
}

}  // namespace fanin::init
