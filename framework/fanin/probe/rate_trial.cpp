#include <algorithm>
#include <cmath>

#include <fanin/autograd/node.hpp>
#include <fanin/core/moments.hpp>
#include <fanin/ops/loss.hpp>
#include <fanin/probe/keep_weights.hpp>
#include <fanin/probe/rate_trial.hpp>
#include <fanin/start/width.hpp>
#include <fanin/train/metrics.hpp>

namespace fanin::probe {

Index trial_steps(const PlannedRun& run) { return std::clamp<Index>(run.steps / 50, 1, 30); }

std::vector<data::Batch> trial_batches(const data::Dataset& data, const PlannedRun& run, std::uint64_t seed) {
  data::Loader loader(data, {.batch = run.batch, .shuffle = true}, Generator(derive_seed(seed, "shuffle")));
  std::vector<data::Batch> batches;
  for (Index i = 0; i < trial_steps(run); ++i) {
    data::Batch& batch = batches.emplace_back();
    if (!loader.next(batch)) loader.next(batch);  // the set is over: it begins anew
  }
  return batches;
}

RateTrial try_rate(nn::Module& model, const data::Batch& probed, std::span<const data::Batch> steps,
                   double lr) {
  const KeepWeights keep(model);
  const auto calm = steps.first((steps.size() + 1) / 2), pressed = steps.subspan(calm.size());
  RateTrial trial{.lr = lr,
                  .steps = static_cast<Index>(calm.size()),
                  .pressed_steps = static_cast<Index>(pressed.size())};
  const auto parameters = model.named_parameters();
  const auto forget_gradients = [&] {
    for (const auto& one : parameters) one.parameter->value.zero_grad();
  };
  const auto glance = [&] {
    forget_gradients();
    const Tensor logits = model(probed.images);
    trial.classes = logits.size(1);
    const Tensor loss = ops::cross_entropy(logits, probed.labels);
    loss.backward();
    Glance seen{.loss = static_cast<double>(loss.item()),
                .right = static_cast<double>(train::count_correct(logits, probed.labels)) /
                         static_cast<double>(probed.size())};
    for (const auto& one : parameters) {
      const Tensor gradient = one.parameter->value.grad();
      if (one.parameter->value.rank() >= 2 && gradient.defined())
        seen.slope = std::hypot(seen.slope, norm(gradient.values()));
    }
    return seen;
  };
  trial.before = glance();
  const auto scales = start::width_scales(model, optim::sgd());
  const auto walk = [&](std::span<const data::Batch> batches, double at) {
    for (const data::Batch& batch : batches) {
      forget_gradients();
      const Tensor loss = ops::cross_entropy(model(batch.images), batch.labels);
      trial.losses.push_back(static_cast<double>(loss.item()));
      if (!std::isfinite(trial.losses.back())) break;
      loss.backward();
      for (std::size_t i = 0; i < parameters.size(); ++i) {
        Tensor& value = parameters[i].parameter->value;
        const Tensor gradient = value.grad();
        if (!value.requires_grad() || !gradient.defined()) continue;
        const auto rate = static_cast<real>(at * scales[i].second);
        const real* g = gradient.data();
        for (real& w : value.values()) w -= rate * *g++;
      }
    }
    return glance();
  };
  const auto finite = [](const Glance& seen) {
    return std::isfinite(seen.loss) && std::isfinite(seen.slope);
  };
  trial.after = trial.pressed = walk(calm, lr);
  if (!finite(trial.after)) return trial;
  trial.layers = layers_of(model, probed.images, probed.labels);
  trial.pressed = walk(pressed, pressure * lr);
  if (finite(trial.pressed)) trial.pressed_layers = layers_of(model, probed.images, probed.labels);
  return trial;
}

}  // namespace fanin::probe
