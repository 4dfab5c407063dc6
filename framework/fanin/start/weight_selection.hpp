#pragma once

namespace fanin::start {

/// Makes `weight_selection(file=PATH)` known among the schemes (init/scheme.hpp): Xu et al. 2023, every
/// parameter a selection of evenly spaced elements of the tensor of its name in the weight file of a larger
/// model. A program that wants it calls this once before it parses plans; further calls do nothing.
void register_weight_selection();

}  // namespace fanin::start
