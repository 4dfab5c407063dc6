#pragma once
#include <fanin/core/real.hpp>

namespace fanin::kernels {

/// Group normalization of [batch, channels, inner] (Wu, He 2018): each image's `groups` runs of channels are
/// normalized on their own. Layer normalization is one group with inner = 1: a gamma and a beta for every
/// element.
struct GroupShape {
  Index batch = 1, groups = 1, channels = 1, inner = 1;

  Index rows() const { return batch * groups; }
  Index channels_per_group() const { return channels / groups; }
  Index row_size() const { return channels_per_group() * inner; }
};

/// y = (x - mean) / sqrt(variance + eps) · gamma + beta (null: 1 and 0); mean and inverse_std of each row are
/// kept.
void group_norm_forward(const GroupShape& shape, const real* x, const real* gamma, const real* beta, real eps,
                        real* y, real* mean, real* inverse_std);
/// Where a normalization's gradients go: each is written, or added to what is there.
struct NormGradients {
  real* x = nullptr;  ///< null: not computed, as for the others
  bool accumulate_x = false;
  real* gamma = nullptr;
  bool accumulate_gamma = false;
  real* beta = nullptr;
  bool accumulate_beta = false;
};

/// Whichever of the gradients has a place.
void group_norm_backward(const GroupShape& shape, const real* x, const real* mean, const real* inverse_std,
                         const real* gamma, const real* grad_y, const NormGradients& grads);

}  // namespace fanin::kernels
