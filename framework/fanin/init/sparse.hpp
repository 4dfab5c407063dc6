#pragma once
#include <fanin/init/initializer.hpp>

namespace fanin::init {

/// Of sparse.
struct SparseOptions {
  double sparsity = 0.1;  ///< the share of zeros in each column, in [0, 1)
  double std = 0.01;      ///< of the other elements, ≥ 0
};
/// Martens 2010: normal, with a fixed number of zeros in each column. `nn.init.sparse_`; 2-d only.
Initializer sparse(const SparseOptions& options = {});

}  // namespace fanin::init
