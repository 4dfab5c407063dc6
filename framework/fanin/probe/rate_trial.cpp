#include <algorithm>
#include <cmath>

#include <fanin/autograd/node.hpp>
#include <fanin/ops/loss.hpp>
#include <fanin/probe/keep_weights.hpp>
#include <fanin/probe/rate_trial.hpp>
#include <fanin/start/width.hpp>

namespace fanin::probe {

Index trial_steps(const PlannedRun& run) { return std::clamp<Index>(run.steps / 50, 1, 30); }

std::vector<data::Batch> trial_batches(const data::Dataset& data, const PlannedRun& run, std::uint64_t seed) {
  data::Loader loader(data, {.batch = run.batch, .shuffle = true},
                      Generator(derive_seed(seed, "probe steps")));
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
  RateTrial trial{.lr = lr, .asked = static_cast<Index>(steps.size())};
  const auto loss_now = [&] {
    const NoGrad none;
    const Tensor logits = model(probed.images);
    trial.classes = logits.size(1);
    return static_cast<double>(ops::cross_entropy(logits, probed.labels).item());
  };
  trial.loss_before = loss_now();
  const auto scales = start::width_scales(model, optim::sgd());
  const auto parameters = model.named_parameters();
  for (const data::Batch& batch : steps) {
    for (const auto& one : parameters) one.parameter->value.zero_grad();
    const Tensor loss = ops::cross_entropy(model(batch.images), batch.labels);
    trial.losses.push_back(static_cast<double>(loss.item()));
    if (!std::isfinite(trial.losses.back())) break;
    loss.backward();
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      Tensor& value = parameters[i].parameter->value;
      const Tensor gradient = value.grad();
      if (!value.requires_grad() || !gradient.defined()) continue;
      const auto rate = static_cast<real>(lr * scales[i].second);
      const real* g = gradient.data();
      for (real& w : value.values()) w -= rate * *g++;
    }
  }
  trial.loss_after = loss_now();
  if (std::isfinite(trial.loss_after)) trial.layers = layers_of(model, probed.images, probed.labels);
  return trial;
}

}  // namespace fanin::probe
