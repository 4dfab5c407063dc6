#pragma once
#include <fanin/init/initializer.hpp>

namespace fanin::init {

/// Of orthogonal and delta_orthogonal.
struct OrthogonalOptions {
  double gain = 1;  ///< factor on the orthogonal matrix
};
/// Saxe et al. 2013: rows or columns (whichever are fewer) orthonormal, times gain. `nn.init.orthogonal_`: from the
/// same normals, but LAPACK's QR rounds otherwise, so elements agree to 1e-5 and not in every bit.
/// For 2 dimensions or more, seen as [out, the rest].
Initializer orthogonal(const OrthogonalOptions& options = {});
/// Xiao et al. 2018: a convolution that is zero but for an orthogonal matrix at its kernel's centre, one for each
/// group of its layer, so it keeps norms. 3 to 5 dimensions.
Initializer delta_orthogonal(const OrthogonalOptions& options = {});

}  // namespace fanin::init
