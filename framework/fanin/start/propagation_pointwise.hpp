#pragma once
#include <fanin/start/graph.hpp>
#include <fanin/start/normal_moments.hpp>

namespace fanin::start {

/// The function that a pointwise op computes; `op` must outlive it.
Pointwise function_of(const GraphOp& op);

}  // namespace fanin::start
