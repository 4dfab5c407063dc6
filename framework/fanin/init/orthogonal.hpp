#pragma once
#include <fanin/init/initializer.hpp>

namespace fanin::init {

struct OrthogonalOptions {
  double gain = 1;
};
/// Saxe et al. 2013: rows or columns (whichever are fewer) orthonormal, times gain. `nn.init.orthogonal_`.
Initializer orthogonal(const OrthogonalOptions& options = {});
/// Xiao et al. 2018: a convolution that is zero but for an orthogonal matrix at its kernel's centre, so it
/// keeps norms.
Initializer delta_orthogonal(const OrthogonalOptions& options = {});

}  // namespace fanin::init
