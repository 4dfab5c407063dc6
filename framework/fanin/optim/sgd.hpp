#pragma once
#include <fanin/optim/update_rule.hpp>

namespace fanin::optim {

/// torch.optim.SGD with `lr`, `momentum`, `dampening`, `nesterov` and `weight_decay` (an L2 penalty) of
/// OptimizerOptions:
///
///     d = g + weight_decay·w,   v = momentum·v + (1 - dampening)·d (v = d at first),
///     w -= lr · v, or lr · (d + momentum·v) by Nesterov
///
/// State, with momentum: "momentum".
UpdateRule sgd();

}  // namespace fanin::optim
