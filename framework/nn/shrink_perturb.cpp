#include "framework/nn/shrink_perturb.hpp"

#include <algorithm>

#include "framework/core/error.hpp"

namespace fanin::nn {
void shrink_and_perturb(Module& model, const ShrinkPerturbOptions& options, Generator& generator) {
  const double shrink = options.shrink, perturb = options.perturb;
  if (!(shrink >= 0 && shrink <= 1))
    fail_usage("shrink_and_perturb: shrink must be in [0, 1], got {}", shrink);
  if (!(perturb >= 0 && perturb <= 1e6))
    fail_usage("shrink_and_perturb: perturb must be in [0, 1e6], got {}", perturb);
  for (auto& [name, parameter, owner] : model.named_parameters()) {
    const bool excepted =
        std::find(options.except.begin(), options.except.end(), name) != options.except.end();
    if (excepted || !owner->has_matrix()) continue;
    Tensor value = parameter->use();
    Tensor fresh(value.shape());
    parameter->init.fill(fresh, parameter->fans, generator);
    const auto keep = static_cast<real>(shrink), add = static_cast<real>(perturb);
    for (Index i = 0; i < value.numel(); ++i)
      value.data()[i] = keep * value.data()[i] + add * fresh.data()[i];
  }
}

}  // namespace fanin::nn
