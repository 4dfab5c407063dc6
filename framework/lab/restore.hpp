#pragma once
#include "framework/nn/keep_state.hpp"

namespace fanin::lab {

/// A look must not change what is looked at.
using Restore = nn::KeepState;

}  // namespace fanin::lab
