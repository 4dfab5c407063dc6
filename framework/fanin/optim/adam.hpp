#pragma once
#include <fanin/optim/update_rule.hpp>

namespace fanin::optim {

/// torch.optim.Adam (Kingma & Ba 2015) with `lr`, `beta1`, `beta2`, `eps` and `weight_decay` (an L2 penalty,
/// added to the gradient) of OptimizerOptions. State: "exp_avg", "exp_avg_sq".
UpdateRule adam();
/// torch.optim.AdamW (Loshchilov & Hutter 2019): as Adam, but weight decay is decoupled from the gradient:
/// the weights are first made smaller by the factor 1 - lr·weight_decay.
UpdateRule adamw();

}  // namespace fanin::optim
