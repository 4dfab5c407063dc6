#include <algorithm>
#include <cmath>

#include <fanin/autograd/node.hpp>
#include <fanin/core/moments.hpp>
#include <fanin/ops/elementwise.hpp>
#include <fanin/ops/reduce.hpp>
#include <fanin/start/keep_state.hpp>
#include <fanin/start/refine.hpp>

namespace fanin::start {
namespace {

/// A layer's parameters that may be scaled.
struct Scaled {
  const Fit* weight = nullptr;
  const Fit* bias = nullptr;
};

void scale(const Fit* fit, double factor) {
  if (fit != nullptr) start::scale(fit->parameter->value.values(), factor);
}

Tensor run(nn::Module& model, const Tensor& images) {
  const KeepGenerators same(model);
  return model(images);
}

/// Whether the function stays, to the bit, when `a` is doubled and the weight of `b` halved: powers of two do
/// not round.
bool linked(nn::Module& model, const Scaled& a, const Scaled& b, const Tensor& images, const Tensor& output) {
  const auto scaled_by = [&](double factor) {
    scale(a.weight, factor);
    scale(a.bias, factor);
    scale(b.weight, 1 / factor);
  };
  scaled_by(2);
  const NoGrad no_grad;
  const Tensor now = run(model, images);
  scaled_by(0.5);
  return std::equal(now.values().begin(), now.values().end(), output.values().begin(), output.values().end());
}

}  // namespace

std::vector<double> rates_of_change(nn::Module& model, std::span<const Fit> fits, const Tensor& images,
                                    std::uint64_t seed, bool one_stream) {
  constexpr int draws = 4;
  // Of its own: the weights may be drawn from this very seed.
  Generator generator(one_stream ? seed : derive_seed(seed, "rates of change"));
  std::vector<double> squares(fits.size(), 0);
  for (int draw = 0; draw < draws; ++draw) {
    for (auto& one : model.named_parameters()) one.parameter->value.zero_grad();
    const Tensor output = run(model, images);
    // independent for each sample: then the squares' expectation is the samples' sum
    Tensor direction(output.shape());
    generator.normal(direction.values(), 0, 1);
    ops::sum(output * direction).backward();
    for (std::size_t i = 0; i < fits.size(); ++i) {
      const Tensor gradient = fits[i].parameter->value.grad();
      if (gradient.defined()) squares[i] += std::pow(norm(gradient.values()), 2);
    }
  }
  std::vector<double> rates;
  for (std::size_t i = 0; i < fits.size(); ++i) {
    const double size = norm(fits[i].parameter->value.values());
    const double samples = static_cast<double>(images.size(0)) * draws;
    rates.push_back(size > 0 ? std::sqrt(squares[i] / samples) / size : 0);
  }
  return rates;
}

void equalize_rates(nn::Module& model, std::span<const Fit> fits, const Tensor& images, bool one_stream) {
  std::vector<Scaled> layers;
  std::vector<Fit> weights;
  for (const nn::Module* layer : in_run_order(model, fits, images)) {
    Scaled own;
    for (const Fit& fit : fits) {
      if (fit.owner == layer) (fit.parameter->value.rank() >= 2 ? own.weight : own.bias) = &fit;
    }
    if (own.weight == nullptr) continue;
    layers.push_back(own);
    weights.push_back(*own.weight);
  }
  if (layers.size() < 2) return;
  const auto rates = rates_of_change(model, weights, images, 0, one_stream);
  Tensor output;
  {
    const NoGrad no_grad;
    output = run(model, images);
  }
  for (std::size_t first = 0, end = 1; first < layers.size(); first = end, ++end) {
    while (end < layers.size() && linked(model, layers[end - 1], layers[end], images, output)) ++end;
    double mean = 0;
    for (std::size_t k = first; k < end; ++k) mean += std::log(rates[k]) / static_cast<double>(end - first);
    if (!std::isfinite(mean)) continue;  // a layer that cannot learn, or none that can
    double product = 1;
    for (std::size_t k = first; k < end; ++k) {
      const double factor = std::sqrt(rates[k] / std::exp(mean));
      product *= factor;
      scale(layers[k].weight, factor);
      if (k + 1 < end) scale(layers[k].bias, product);  // at the end the product is 1
    }
  }
}

}  // namespace fanin::start
