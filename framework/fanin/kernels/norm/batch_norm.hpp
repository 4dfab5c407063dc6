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

struct BatchNormGradients {
  real* x = nullptr;  ///< null: not computed, as for the others
  bool accumulate_x = false;
  real* gamma = nullptr;
  bool accumulate_gamma = false;
  real* beta = nullptr;
  bool accumulate_beta = false;
};
/// Gamma's gradient is written before beta's, so that both may add to one array.
/// `batch_statistics`: mean and variance were the batch's own, so x acts through them too.
void batch_norm_backward(const ChannelShape& shape, const real* x, const real* mean, const real* variance,
                         const real* gamma, real eps, bool batch_statistics, const real* grad_y,
                         const BatchNormGradients& out);

}  // namespace fanin::kernels
