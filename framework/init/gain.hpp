#pragma once
#include <string>
#include <vector>

namespace fanin::init {

/// `nn.init.calculate_gain`: by how much a layer's weights must be larger than 1/√fan to make up for what the
/// nonlinearity takes from the signal. `param` is leaky_relu's negative slope. Error for an unknown name.
double calculate_gain(const std::string& nonlinearity, double param = 0.01);

/// The names `calculate_gain` knows.
const std::vector<std::string>& gain_names();

}  // namespace fanin::init
