#include <algorithm>
#include <set>

#include <fanin/core/fail.hpp>
#include <fanin/start/shrink_perturb.hpp>
#include <fanin/start/slots.hpp>

namespace fanin::start {
void shrink_and_perturb(nn::Module& model, const ShrinkPerturbOptions& options, Generator& generator) {
  const double shrink = options.shrink, perturb = options.perturb;
  if (!(shrink >= 0 && shrink <= 1))
    fail_usage("shrink_and_perturb: shrink must be in [0, 1], got {}", shrink);
  if (!(perturb >= 0 && perturb <= 1e6))
    fail_usage("shrink_and_perturb: perturb must be in [0, 1e6], got {}", perturb);
  std::set<const nn::Parameter*> exceptions;  // a tied one may be named by any of its names
  for (const auto& one : model.all_names()) {
    if (std::find(options.except.begin(), options.except.end(), one.name) != options.except.end())
      exceptions.insert(one.parameter.get());
  }
  const auto changes = [&](const nn::Module::NamedParameter& one) {
    return one.owner->has_matrix() && !exceptions.contains(one.parameter.get());
  };
  for (const auto& one : model.named_parameters())
    if (changes(one)) one.parameter->use();
  std::vector<std::pair<Tensor, Tensor>> pairs;  // all are drawn, which may fail, before the first changes
  for_each_slot(model, generator, [&](const Slot& slot) {
    if (changes(slot.parameter)) pairs.emplace_back(slot.parameter.parameter->value, slot.fresh());
  });
  const auto keep = static_cast<real>(shrink), add = static_cast<real>(perturb);
  for (auto& [value, fresh] : pairs)
    for (Index i = 0; i < value.numel(); ++i)
      value.data()[i] = keep * value.data()[i] + add * fresh.data()[i];
}

}  // namespace fanin::start
