#pragma once
#include <fanin/nn/module.hpp>

namespace fanin::start {

/// Of shrink_and_perturb.
struct ShrinkPerturbOptions {
  double shrink = 0.5;   ///< λ in [0, 1]: the share of the old value that stays
  double perturb = 0.1;  ///< γ ≥ 0: times a fresh draw from the layer's own scheme
  /// Full names of parameters to leave alone: a head that is fresh already.
  std::vector<std::string> except{};
};

/// Warm start by "shrink and perturb" (Ash & Adams 2020, "On Warm-Starting Neural Network Training"): every
/// weight with ≥ 2 dimensions and its layer's bias become λ·w + γ·fresh, where `fresh` is a draw by the
/// layer's own initializer. What was learned stays in the directions, while gradients get the size they
/// have at a random start, which closes the gap in accuracy that continuing from converged weights leaves
/// when data is added. Parameters without such a weight in their layer (normalization) stay. `generator`
/// moves as `initialize` of the whole model would move it, whatever is left alone. Error for λ or γ out of
/// range, and for parameters that have no values yet; nothing has changed then.
void shrink_and_perturb(nn::Module& model, const ShrinkPerturbOptions& options, Generator& generator);

}  // namespace fanin::start
