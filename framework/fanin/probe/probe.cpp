#include <algorithm>
#include <cmath>
#include <set>

#include <fanin/autograd/node.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/moments.hpp>
#include <fanin/linalg/svd.hpp>
#include <fanin/nn/residual.hpp>
#include <fanin/ops/elementwise.hpp>
#include <fanin/ops/loss.hpp>
#include <fanin/ops/reduce.hpp>
#include <fanin/probe/first_samples.hpp>
#include <fanin/probe/keep_weights.hpp>
#include <fanin/probe/probe.hpp>
#include <fanin/probe/units.hpp>
#include <fanin/probe/watch.hpp>
#include <fanin/start/keep_state.hpp>
#include <fanin/start/sites.hpp>

namespace fanin::probe {
namespace {

/// Singular values sample by sample; their root mean squares.
std::vector<double> mean_spectrum(const std::vector<std::vector<double>>& all, std::size_t width) {
  std::vector<double> squares;
  for (const auto& one : all) {
    const std::size_t rows = one.size() / width;
    squares.resize(rows, 0);
    if (!std::all_of(one.begin(), one.end(), [](double v) { return std::isfinite(v); }))
      return std::vector<double>(rows, INFINITY);
    const auto values = linalg::singular_values(linalg::Matrix{rows, width, one});
    for (std::size_t i = 0; i < rows; ++i)
      squares[i] += values[i] * values[i] / static_cast<double>(all.size());
  }
  for (double& value : squares) value = std::sqrt(value);
  return squares;
}

/// ‖∇W‖ / ‖W‖ over a layer's matrices (the inverse of the trust ratio of You et al. 2017, LARS).
double pull_of(nn::Module& layer) {
  double weights = 0, gradients = 0;
  for (const auto& parameter : layer.own_parameters()) {
    if (parameter->value.rank() < 2) continue;
    weights = std::hypot(weights, norm(parameter->value.values()));
    const Tensor gradient = parameter->value.grad();
    if (gradient.defined()) gradients = std::hypot(gradients, norm(gradient.values()));
  }
  return weights == 0 ? 0 : gradients / weights;
}

bool all_zero(const Tensor& values) {
  return std::all_of(values.values().begin(), values.values().end(), [](real v) { return v == 0; });
}

/// Layers in residual branches that begin at zero: of each block whose learnable scale is zero, all in its
/// body; of each body whose last weight is zero, all in it. Inner blocks are blocks of their own.
std::set<const nn::Module*> idle_layers(nn::Module& model) {
  std::set<const nn::Module*> idle;
  for (const auto& one : model.named_modules()) {
    const auto* block = dynamic_cast<const nn::Residual*>(one.module);
    if (block == nullptr) continue;
    std::vector<nn::Module*> layers;
    for (const auto& inner : block->body().named_modules()) {
      if (inner.module->has_matrix()) layers.push_back(inner.module);
    }
    if (layers.empty()) continue;
    const bool scaled_away = block->branch_weight && all_zero(block->branch_weight->use());
    const auto last = layers.back()->own_parameters();
    const bool ends_at_zero = std::all_of(last.begin(), last.end(), [](const auto& parameter) {
      return parameter->value.rank() < 2 || all_zero(parameter->use());
    });
    if (scaled_away || ends_at_zero) idle.insert(layers.begin(), layers.end());
  }
  return idle;
}

/// The model's last weight where it is all zero; null otherwise.
nn::Parameter* zero_head(nn::Module& model) {
  const auto parameters = model.named_parameters();
  const auto sites = start::sites_of(model);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (sites[i].last() && sites[i].layers > 1 && sites[i].role == init::Role::weight &&
        all_zero(parameters[i].parameter->use()))
      return parameters[i].parameter.get();
  }
  return nullptr;
}

}  // namespace

data::Batch probe_batch(const data::Dataset& data, Index count, std::uint64_t seed) {
  data::Loader loader(data, {.batch = count, .shuffle = true}, Generator(derive_seed(seed, "probe")));
  data::Batch batch;
  loader.next(batch);
  return batch;
}

std::vector<std::vector<double>> jacobians(nn::Module& model, const Tensor& images,
                                           const ProbeOptions& options) {
  const start::KeepState keep(model);
  for (auto& one : model.named_parameters()) one.parameter->value.set_requires_grad(false);
  constexpr Index most_numbers = Index{1} << 24;
  const Index inputs = images.numel() / images.size(0);
  const Index affordable =
      std::max<Index>(1, most_numbers / std::max<Index>(1, inputs * options.jacobian_logits));
  const Index samples = std::clamp<Index>(options.jacobian_samples, 1, std::min(images.size(0), affordable));
  Tensor x = first_samples("probe", images, samples);
  x.set_requires_grad(true);
  const Tensor logits = model(x);
  const Index classes = logits.size(1), rows = std::min(classes, options.jacobian_logits);
  std::vector<std::vector<double>> all(static_cast<std::size_t>(samples));
  /// Row k of the Jacobians of samples [first, first + count), in one backward pass.
  const auto add_rows = [&](Index k, Index first, Index count) {
    Tensor mask = Tensor::zeros(logits.shape());
    for (Index n = first; n < first + count; ++n) mask.data()[n * classes + k] = 1;
    x.zero_grad();
    ops::sum(logits * mask).backward(true);
    const Tensor gradient = x.grad();
    for (Index n = first; n < first + count; ++n) {
      auto& one = all[static_cast<std::size_t>(n)];
      for (Index i = 0; i < inputs; ++i)
        one.push_back(gradient.defined() ? static_cast<double>(gradient.data()[n * inputs + i]) : 0.0);
    }
  };
  // Batch statistics tie the samples together: then one pass would mix a sample's own gradient with the
  // others'.
  const bool tied = !model.named_buffers().empty();
  for (Index k = 0; k < rows; ++k) {
    if (!tied) add_rows(k, 0, samples);
    for (Index n = 0; tied && n < samples; ++n) add_rows(k, n, 1);
  }
  return all;
}

std::vector<LayerProbe> layers_of(nn::Module& model, const Tensor& images,
                                  std::span<const std::int32_t> labels, const ProbeOptions& options) {
  const start::KeepState keep(model);
  const auto idle = idle_layers(model);
  const auto seen = watch_layers(model, [&] { ops::cross_entropy(model(images), labels).backward(); });
  std::vector<LayerProbe> layers;
  for (const auto& [layer, activation, output, module] : seen) {
    const auto [mean, std] = moments(output.values());
    const Tensor kept = retained_grad(output);
    const Tensor gradient = kept.defined() ? kept : Tensor::zeros(output.shape());
    layers.push_back({.layer = layer,
                      .activation = activation,
                      .mean = mean,
                      .std = std,
                      .signal = signal_std(output),
                      .correlation = mean_correlation(output, options.rank_samples),
                      .dead = dead_share(output),
                      .saturated = saturated_share(output, activation),
                      .gradient = norm(gradient.values()),
                      .rank = effective_rank(output, options.rank_samples),
                      .twins = twin_share(output, gradient),
                      .pull = pull_of(*module),
                      .idle = idle.contains(module)});
  }
  return layers;
}

Probe probe(nn::Module& model, const Tensor& images, std::span<const std::int32_t> labels,
            const ProbeOptions& options) {
  first_samples("probe", images, 1);  // an Error where there is none
  const KeepWeights keep(model);
  Probe result;
  {
    const NoGrad none;
    const start::KeepState state(model);
    result.loss = static_cast<double>(ops::cross_entropy(model(images), labels).item());
  }
  if (nn::Parameter* head = zero_head(model)) {
    Generator fixed(derive_seed(0, "probe head"));
    fixed.normal(head->value.values(), 0,
                 1 / std::sqrt(static_cast<double>(std::max<Index>(head->fans.in, 1))));
  }
  result.layers = layers_of(model, images, labels, options);
  result.jacobian = mean_spectrum(jacobians(model, images, options),
                                  static_cast<std::size_t>(images.numel() / images.size(0)));
  return result;
}

}  // namespace fanin::probe
