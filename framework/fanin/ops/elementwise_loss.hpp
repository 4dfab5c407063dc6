#pragma once
#include <fanin/core/tensor.hpp>

namespace fanin::ops {

// Losses of an input against a target of the same shape, which is not empty, else Error naming both. Each is
// summed in double, gives a scalar, and is differentiable by both.

/// The mean of |x - target|: torch.nn.functional.l1_loss.
Tensor l1(const Tensor& x, const Tensor& target);

/// The mean of d²/2 where |d| = |x - target| is at most delta, and of delta·(|d| - delta/2) beyond (Huber
/// 1964): torch.nn.functional.huber_loss. Error unless delta > 0.
Tensor huber(const Tensor& x, const Tensor& target, double delta = 1);

/// The mean of -t ln p - (1-t) ln(1-p) with p = sigmoid(x), computed without overflow; t in [0, 1]:
/// torch.nn.functional.binary_cross_entropy_with_logits. `pos_weight` multiplies the first term: above 1 it
/// asks for recall, below for precision; one number for all, or one for each position of the last dimension,
/// which is not differentiated. Error where it does not fit, or is not finite and ≥ 0.
Tensor bce_with_logits(const Tensor& x, const Tensor& target, const Tensor& pos_weight = {});

/// The Kullback-Leibler divergence of a model's distributions from the target's, a mean over the N of [N, …]:
/// the sum of t (ln t - x) over N, with x the model's log-probabilities and t probabilities ≥ 0, of which 0
/// adds nothing: torch.nn.functional.kl_div(x, t, reduction='batchmean').
Tensor kl_div(const Tensor& log_probabilities, const Tensor& target);

}  // namespace fanin::ops
