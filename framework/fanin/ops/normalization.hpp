#pragma once
#include <fanin/core/tensor.hpp>

namespace fanin::ops {

/// What an `OpObserver` is told of a normalization's options.
struct NormFacts {
  double eps = 1e-5;     ///< added to the variance
  bool training = true;  ///< batch_norm: whether the batch's own statistics normalize
  Index rows = 0;        ///< layer_norm and group_norm: runs of the input that are each normalized by itself
};

/// Of batch_norm.
struct BatchNormOptions {
  bool training = true;   ///< use the batch's statistics (and update the running ones), not the running ones
  double momentum = 0.1;  ///< the part of the batch's statistics that the running ones take over, in [0, 1]
  double eps = 1e-5;      ///< added to the variance, ≥ 0
};

/// (x - mean) / sqrt(var + eps) · gamma + beta per channel: torch.nn.functional.batch_norm (Ioffe, Szegedy
/// 2015). x [N, C] or [N, C, ...]; gamma, beta [C] or undefined. In training the batch's biased variance
/// normalizes, and the running statistics [C] (or undefined) move by `momentum` towards the batch's mean and
/// unbiased variance; in evaluation they normalize. Error in training with one value a channel, in evaluation
/// without running statistics, or where a shape does not fit.
Tensor batch_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, Tensor running_mean,
                  Tensor running_var, const BatchNormOptions& options = {});

/// Normalizes over the trailing dimensions `normalized` of x, then scales and shifts elementwise by gamma and
/// beta (of shape `normalized`, or undefined): torch.nn.functional.layer_norm (Ba et al. 2016). Error where
/// they do not fit, or for an eps below 0.
Tensor layer_norm(const Tensor& x, const Shape& normalized, const Tensor& gamma, const Tensor& beta,
                  double eps = 1e-5);

/// Normalizes over each of `groups` groups of channels of x [N, C, ...]; gamma and beta [C] or undefined:
/// torch.nn.functional.group_norm (Wu, He 2018). Error unless `groups` divides C, for a gamma or beta
/// that does not fit, or an eps below 0.
Tensor group_norm(const Tensor& x, Index groups, const Tensor& gamma, const Tensor& beta, double eps = 1e-5);

}  // namespace fanin::ops
