#pragma once
#include <fanin/init/initializer.hpp>

namespace fanin::init {

/// Ones on the diagonal of a matrix: `nn.init.eye_`; 2-d only.
Initializer eye();

/// Of dirac.
struct DiracOptions {
  Index groups = 0;  ///< of the convolution; 0: those of its layer, 1 for a tensor outside one
};
/// A convolution that passes its input through: `nn.init.dirac_`, which is told the groups; 3 to 5 dimensions,
/// groups must divide the outputs.
Initializer dirac(const DiracOptions& options = {});

/// Of identity.
struct IdentityOptions {
  double gain = 1;   ///< the value on the diagonal
  Index groups = 0;  ///< of a convolution; 0: those of its layer, 1 for a tensor outside one
};
/// gain times `eye` for a matrix, gain times `dirac` for a convolution.
Initializer identity(const IdentityOptions& options = {});

}  // namespace fanin::init
