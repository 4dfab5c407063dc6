#pragma once
#include <fanin/init/initializer.hpp>

namespace fanin::init {

/// Of constant.
struct ConstantOptions {
  double value = 0.01;  ///< of every element
};
/// Every element `value`: `nn.init.constant_`. Any shape.
Initializer constant(double value);
/// @{
/// Every element 0, or 1: `nn.init.zeros_`, `ones_`. Any shape.
Initializer zeros();
Initializer ones();
/// @}

}  // namespace fanin::init
