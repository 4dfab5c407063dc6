#pragma once
#include <map>
#include <string>

#include <fanin/io/tensor_diff.hpp>

#include "examples/fanin/model_file.hpp"

namespace fanin::program {

/// How far each parameter is from its own initial values.
struct Movements {
  std::map<std::string, io::TensorDifference> by_name;  ///< by the parameter's name
  std::string why_not;  ///< where they cannot be computed again, and one would expect it
};

/// Of a file that says model and plan: so the initial values can be drawn again, and need not be stored.
Movements movements_since_start(const io::TensorFile& file, const Redraw& allowed);

}  // namespace fanin::program
