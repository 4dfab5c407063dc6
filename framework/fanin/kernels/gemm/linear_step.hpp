#pragma once
#include <fanin/kernels/optim/optimizer_step.hpp>

namespace fanin::kernels {

/// w[out, in] -= lr·(g + weight_decay·w) with g = grad_preᵀ x, the gradient that linear_backward_weight
/// computes over the batch: sgd_step without momentum, by our own products to the same bits, but g never lies
/// in memory whole.
void linear_step_weight(Index batch, Index in, Index out, const real* x, const real* grad_pre, real* w,
                        const SgdStep& step);

}  // namespace fanin::kernels
