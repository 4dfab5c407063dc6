#pragma once
#include <fanin/init/initializer.hpp>

namespace fanin::init {

/// Every element `value`: `nn.init.constant_`.
Initializer constant(double value);
Initializer zeros();
Initializer ones();

}  // namespace fanin::init
