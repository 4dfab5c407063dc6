#include <limits>
#include <unordered_map>
#include <vector>

#include <fanin/start/load_step.hpp>
#include <fanin/start/slots.hpp>

namespace fanin::start {

void load(std::span<const LoadStep> steps, nn::Module& model, std::uint64_t seed) {
  Generator generator(seed);
  std::unordered_map<const nn::Parameter*, std::size_t> wanted;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const LoadStep& step = steps[i];
    const bool grows = step.rule != nullptr && step.rule->rule == Adapt::keep_rows &&
                       step.parameter != nullptr && step.value.numel() > step.from->numel();
    if (grows) wanted.emplace(step.parameter, i);
  }
  std::vector<Tensor> drawn(steps.size());
  if (!wanted.empty()) {
    for_each_slot(model, generator, [&](const Slot& slot) {
      const auto found = wanted.find(slot.parameter.parameter.get());
      if (found != wanted.end()) drawn[found->second] = slot.fresh();
    });
  }
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const LoadStep& step = steps[i];
    if (step.from == nullptr) continue;
    Tensor value = step.value;
    if (drawn[i].defined())
      value.copy_from(drawn[i]);
    else if (!value.has_values())
      value.fill(std::numeric_limits<real>::quiet_NaN());
    if (step.rule != nullptr)
      adapt(step.rule->rule, *step.from, value, step.rule->channels);
    else
      step.from->read_all(value.data());
    value.mark_written();
    step.from->drop_pages();
    if (step.parameter != nullptr) {
      step.parameter->origin = nn::Origin::loaded;
      step.parameter->drawn_by.reset();
    }
  }
}

}  // namespace fanin::start
