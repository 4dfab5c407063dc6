#pragma once
#include <fanin/core/real.hpp>

namespace fanin::kernels {

struct SgdStep {
  double lr = 0.1, momentum = 0, dampening = 0, weight_decay = 0;
  bool nesterov = false;
  bool first = false;  ///< the momentum buffer is set to the gradient, not yet averaged
};
/// One step of torch.optim.SGD over n parameters; `momentum_buffer` may be null when momentum is 0.
void sgd_step(Index n, real* w, const real* g, real* momentum_buffer, const SgdStep& step);

struct AdamStep {
  double lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
  bool decoupled = false;  ///< AdamW: decay the weight itself, not through the gradient
  Index step = 1;          ///< counted from 1
};
/// One step of torch.optim.Adam or AdamW; m and v are the running moments.
void adam_step(Index n, real* w, const real* g, real* m, real* v, const AdamStep& step);

struct RmspropStep {
  double lr = 1e-2, alpha = 0.99, eps = 1e-8, weight_decay = 0, momentum = 0;
};
/// One step of torch.optim.RMSprop; `grad_mean` null: not centered; `momentum_buffer` may be null when
/// momentum is 0.
void rmsprop_step(Index n, real* w, const real* g, real* square_mean, real* grad_mean, real* momentum_buffer,
                  const RmspropStep& step);

}  // namespace fanin::kernels
