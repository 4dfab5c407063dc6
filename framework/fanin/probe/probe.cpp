#include <algorithm>
#include <cmath>

#include <fanin/autograd/node.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/moments.hpp>
#include <fanin/linalg/svd.hpp>
#include <fanin/ops/elementwise.hpp>
#include <fanin/ops/loss.hpp>
#include <fanin/ops/reduce.hpp>
#include <fanin/probe/probe.hpp>
#include <fanin/probe/units.hpp>
#include <fanin/probe/watch.hpp>
#include <fanin/start/keep_state.hpp>

namespace fanin::probe {
namespace {

Tensor head(const Tensor& images, Index count) {
  Shape shape;
  shape.append(count);
  for (int i = 1; i < images.rank(); ++i) shape.append(images.size(i));
  return Tensor::from(images.values().subspan(0, static_cast<std::size_t>(shape.numel())), shape);
}

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

/// lr ‖∇W‖ / ‖W‖ over a layer's matrices (the inverse of the trust ratio of You et al. 2017, LARS).
double relative_step(nn::Module& layer, double lr) {
  double weights = 0, gradients = 0;
  for (const auto& parameter : layer.own_parameters()) {
    if (parameter->value.rank() < 2) continue;
    weights = std::hypot(weights, norm(parameter->value.values()));
    const Tensor gradient = parameter->value.grad();
    if (gradient.defined()) gradients = std::hypot(gradients, norm(gradient.values()));
  }
  return weights == 0 ? 0 : lr * gradients / weights;
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
  Tensor x = head(images, samples);
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

Probe probe(nn::Module& model, const Tensor& images, std::span<const std::int32_t> labels,
            const ProbeOptions& options) {
  require_defined("probe", "the batch", images);
  if (images.rank() < 2 || images.numel() == 0)
    fail("probe: a batch of shape {} has no samples", images.shape().to_string());
  Probe result;
  {
    const start::KeepState keep(model);
    const auto seen = watch_layers(model, [&] {
      const Tensor loss = ops::cross_entropy(model(images), labels);
      result.loss = static_cast<double>(loss.item());
      loss.backward();
    });
    for (const auto& [layer, activation, output, module] : seen) {
      const auto [mean, std] = moments(output.values());
      const Tensor kept = retained_grad(output);
      const Tensor gradient = kept.defined() ? kept : Tensor::zeros(output.shape());
      result.layers.push_back({.layer = layer,
                               .activation = activation,
                               .mean = mean,
                               .std = std,
                               .signal = signal_std(output),
                               .dead = dead_share(output),
                               .saturated = saturated_share(output, activation),
                               .gradient = norm(gradient.values()),
                               .rank = effective_rank(output, options.rank_samples),
                               .twins = twin_share(output, gradient),
                               .step = relative_step(*module, options.lr)});
    }
  }
  result.jacobian = mean_spectrum(jacobians(model, images, options),
                                  static_cast<std::size_t>(images.numel() / images.size(0)));
  return result;
}

}  // namespace fanin::probe
