#pragma once
#include "framework/init/initializer.hpp"

namespace fanin::init {

/// The option `base` of schemes that start from another one's draw.
OptionSpec base_option(const std::string& standard);
/// The scheme it names.
Initializer base_of(const Initializer& options);
/// A scheme's `check`: error for a base that is none, or that itself needs data.
void check_base(const Initializer& options);

}  // namespace fanin::init
