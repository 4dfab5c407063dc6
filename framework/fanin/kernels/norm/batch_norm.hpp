#pragma once
#include <fanin/core/real.hpp>

namespace fanin::kernels {

/// Batch normalization of [batch, channels, inner] (Ioffe, Szegedy 2015), per channel.
struct ChannelShape {
  Index batch = 1, channels = 1, inner = 1;

  Index per_channel() const { return batch * inner; }
};

/// Mean and biased variance of each channel.
void channel_moments(const ChannelShape& shape, const real* x, real* mean, real* variance);

/// y = (x - mean) / sqrt(variance + eps) · gamma + beta; gamma null: 1, beta null: 0.
void batch_norm_forward(const ChannelShape& shape, const real* x, const real* mean, const real* variance,
                        const real* gamma, const real* beta, real eps, real* y);

/// running += momentum · (scale · batch - running).
void move_towards(Index channels, double momentum, double scale, const real* batch, real* running);

/// What the gradients take from the whole batch, two numbers a channel: Σ grad_y of all channels, then
/// Σ grad_y·(x - mean).
void batch_norm_sums(const ChannelShape& shape, const real* x, const real* mean, const real* grad_y,
                     double* sums);

struct AffineGradients {
  real* gamma = nullptr;  ///< null: not computed, as for the other
  bool accumulate_gamma = false;
  real* beta = nullptr;
  bool accumulate_beta = false;
};
/// Gamma's gradient is written before beta's, so that both may add to one array.
void batch_norm_backward_affine(Index channels, const real* variance, real eps, const double* sums,
                                const AffineGradients& out);
/// `sums` of all `count` values a channel that mean and variance are of; null: they are not the batch's, so
/// that x does not act through them.
void batch_norm_backward_data(const ChannelShape& shape, const real* x, const real* mean,
                              const real* variance, const real* gamma, real eps, const double* sums,
                              double count, const real* grad_y, real* grad_x, bool accumulate);

}  // namespace fanin::kernels
