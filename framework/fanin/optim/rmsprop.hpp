#pragma once
#include <fanin/optim/update_rule.hpp>

namespace fanin::optim {

/// torch.optim.RMSprop, not centered (Hinton 2012, lecture 6e), with `lr`, `alpha`, `eps`, `momentum` and
/// `weight_decay` (an L2 penalty) of OptimizerOptions. State: "square_avg", with momentum also "momentum".
UpdateRule rmsprop();

}  // namespace fanin::optim
