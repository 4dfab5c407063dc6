#include <fmt/core.h>

#include <algorithm>

#include <fanin/core/error.hpp>
#include <fanin/init/mean_field.hpp>
#include <fanin/kernels/pointwise/activation_facts.hpp>
#include <fanin/nn/activation.hpp>
#include <fanin/nn/residual.hpp>
#include <fanin/probe/schemes.hpp>
#include <fanin/probe/sharpness.hpp>
#include <fanin/start/initialize.hpp>

namespace fanin::probe {
namespace {

/// What of a model decides which schemes are made for it.
struct Build {
  std::optional<nn::Activation> activation;  ///< the last one
  bool normalized = false, residual = false, scaled = false;
  explicit Build(nn::Module& model) : normalized(!model.named_buffers().empty()) {
    for (const auto& one : model.named_modules()) {
      if (const auto found = nn::activation_of(*one.module)) activation = found;
      if (const auto* block = dynamic_cast<const nn::Residual*>(one.module)) {
        residual = true;
        scaled = scaled || block->branch_weight;
      }
    }
  }
};

/// Whether there is a point between order and chaos at which its signal stays.
bool has_edge(const std::string& activation) {
  try {
    init::stable_edge_of_chaos(init::Nonlinearity::named(activation));
    return true;
  } catch (const Error&) {
    return false;
  }
}

/// The schemes that call for this activation.
std::vector<std::string> made_for(const nn::Activation& activation, bool plain) {
  const std::string text = nn::activation_name(activation);
  const auto& of = kernels::facts(activation.kind);
  std::vector<std::string> schemes;
  if (activation.kind == nn::Activation::Kind::sine) {
    schemes.push_back(fmt::format("siren(omega={})", activation.parameter));
  } else if (activation.kind == nn::Activation::Kind::leaky_relu) {
    schemes.push_back(fmt::format("kaiming_normal(a={})", activation.parameter));
  } else if (activation.kind != nn::Activation::Kind::relu) {
    schemes.push_back(fmt::format("kaiming_normal(nonlinearity={})", of.name));
  }
  if (plain && has_edge(text)) schemes.push_back(fmt::format("edge_of_chaos(activation={})", text));
  return schemes;
}

}  // namespace

ProbeSetup ProbeSetup::of(const data::Dataset& data, Index samples, const PlannedRun& run,
                          std::uint64_t seed) {
  return {.run = run,
          .seed = seed,
          .batch = probe_batch(data, samples, seed),
          .steps = trial_batches(data, run, seed)};
}

void draw(nn::Module& model, const init::Plan& plan, const ProbeSetup& setup) {
  Generator generator(setup.seed);
  start::forget(model);
  start::initialize(model, plan, generator, setup.batch.images, setup.batch.labels);
}

Probed probe_scheme(nn::Module& model, const std::string& scheme, const init::Plan& plan,
                    const ProbeSetup& setup) {
  draw(model, plan, setup);
  Probed one{.scheme = scheme, .plan = plan.to_string()};
  one.probe = probe(model, setup.batch.images, setup.batch.labels);
  one.sharpness = sharpness(model, setup.batch.images, setup.batch.labels);
  const RateTrial trial = try_rate(model, setup.batch, setup.steps, setup.run.lr);
  // Where the first steps part some twins they part the others too, layer after layer: those were never one.
  for (std::size_t i = 0; i < std::min(one.probe.layers.size(), trial.layers.size()); ++i)
    if (trial.layers[i].twins < one.probe.layers[i].twins) one.probe.layers[i].twins = 0;
  one.diagnosis = diagnose(one.probe);
  one.outlook = outlook(trial, setup.run, one.sharpness);
  return one;
}

std::vector<std::string> usual_schemes(nn::Module& model) {
  const Build build(model);
  std::vector<std::string> schemes = {"default",        "zeros",          "normal(std=0.01)",
                                      "lecun_normal",   "xavier_uniform", "xavier_normal",
                                      "kaiming_normal", "orthogonal",     "orthogonal(gain=1.4142)",
                                      "lsuv",           "krahenbuhl"};
  const auto add = [&](const std::string& scheme) { schemes.push_back(scheme); };
  if (build.activation) {
    for (const auto& scheme : made_for(*build.activation, !build.normalized && !build.residual)) add(scheme);
  }
  if (build.residual && !build.normalized) add("fixup");
  if (build.residual && build.normalized) add("zero_o");
  if (build.scaled) add("rezero");
  return schemes;
}

}  // namespace fanin::probe
