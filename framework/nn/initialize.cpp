#include "framework/nn/initialize.hpp"

#include <algorithm>

#include "framework/core/error.hpp"
#include "framework/core/moments.hpp"
#include "framework/nn/refine.hpp"
#include "framework/nn/site.hpp"

namespace fanin::nn {
std::vector<init::Target> targets_of(const std::vector<Module::NamedParameter>& parameters) {
  std::vector<init::Target> targets;
  for (const auto& one : parameters) {
    init::Target target{.name = one.name, .rank = one.parameter->value.rank()};
    for (const auto& own : one.owner->own_parameters()) {
      if (own->name == "weight") target.weight_rank = own->value.rank();
    }
    targets.push_back(std::move(target));
  }
  return targets;
}

namespace {

/// A rule that could only speak to parameters that have their values already would be silently without effect.
void require_effect(const init::Plan& plan, const std::vector<init::Target>& targets,
                    const std::vector<Module::NamedParameter>& parameters) {
  for (const auto& rule : plan.rules()) {
    if (rule.pattern.empty()) continue;
    bool matched = false, effective = false;
    for (std::size_t i = 0; i < targets.size(); ++i) {
      if (!init::matches(rule, targets[i])) continue;
      matched = true;
      effective = effective || parameters[i].parameter->origin == Origin::declared;
    }
    if (matched && !effective) {
      fail_usage("initialize: every parameter that '{}' matches has its values already (drawn or loaded); call forget() to draw anew",
                 rule.pattern);
    }
  }
}

Drawn describe(const Module::NamedParameter& one, std::string scheme) {
  const Tensor& value = one.parameter->value;
  const auto [mean, std] = moments(value.values());
  return {one.name, value.shape(), one.parameter->fans, std::move(scheme), mean, std};
}

void require_batch(const Samples* samples, const std::string& name, const Initializer& scheme) {
  if (!samples)
    fail_usage("{}: scheme '{}' fits weights to a batch of training data, and there is none here; use it in fanin train or "
               "compare, or call nn::initialize with images and labels",
               name, scheme.to_string());
  if (!samples->images.defined() || samples->images.rank() < 2 || samples->images.numel() == 0)
    fail("{}: scheme '{}' needs a batch of at least one sample", name, scheme.to_string());
  if (static_cast<Index>(samples->labels.size()) != samples->images.size(0))
    fail("{}: scheme '{}' got {} images and {} labels", name, scheme.to_string(), samples->images.size(0),
         samples->labels.size());
}

std::vector<Drawn> initialize_all(Module& model, const init::Plan& plan, Generator& generator, const Samples* samples) {
  const auto parameters = model.named_parameters();
  const auto targets = targets_of(parameters);
  plan.require_matches(targets);
  require_effect(plan, targets, parameters);
  const auto sites = sites_of(model);
  std::vector<std::string> origins;
  std::vector<Initializer> schemes;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Parameter& parameter = *parameters[i].parameter;
    const Initializer* ruled = plan.lookup(targets[i]);
    schemes.push_back(ruled ? *ruled : parameter.init);
    origins.push_back(parameter.origin == Origin::declared ? schemes.back().to_string()
                      : parameter.origin == Origin::loaded ? "loaded"
                                                           : "kept");
    const bool drawn = parameter.origin == Origin::declared;
    if (drawn && schemes.back().scheme().needs_data) require_batch(samples, parameters[i].name, schemes.back());
  }
  std::vector<Fit> fits;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    Parameter& parameter = *parameters[i].parameter;
    if (parameter.origin != Origin::declared) continue;
    try {
      schemes[i].fill(parameter.value, sites[i], generator);
    } catch (const Error& error) {
      throw Error(fmt::format("{}: {}", parameters[i].name, error.what()), Blame::usage);
    }
    parameter.origin = Origin::drawn;
    parameter.drawn_by = origins[i];
    if (schemes[i].scheme().needs_data) fits.push_back({parameters[i].name, &parameter, parameters[i].owner, schemes[i]});
  }
  if (!fits.empty()) refine(model, fits, *samples);
  std::vector<Drawn> report;
  for (std::size_t i = 0; i < parameters.size(); ++i) report.push_back(describe(parameters[i], origins[i]));
  return report;
}

}  // namespace

std::vector<Drawn> initialize(Module& model, const init::Plan& plan, Generator& generator) {
  return initialize_all(model, plan, generator, nullptr);
}

std::vector<Drawn> initialize(Module& model, const init::Plan& plan, Generator& generator, const Tensor& images,
                              std::span<const std::int32_t> labels) {
  const Samples samples{images, labels};
  return initialize_all(model, plan, generator, &samples);
}

std::vector<Drawn> initialize(Module& model, const std::string& plan, Generator& generator, const Tensor& images,
                              std::span<const std::int32_t> labels) {
  return initialize(model, init::Plan::parse(plan), generator, images, labels);
}

std::vector<Drawn> initialize(Module& model, const std::string& plan, Generator& generator) {
  return initialize(model, init::Plan::parse(plan), generator);
}

std::vector<Drawn> initialize(Module& model, Generator& generator) { return initialize(model, init::Plan(), generator); }

void forget(Module& model, const std::string& pattern) {
  bool any = false;
  std::vector<std::string> known;
  for (auto& [name, parameter, owner] : model.named_parameters()) {
    known.push_back(name);
    if (!init::glob(pattern, name)) continue;
    any = true;
    parameter->origin = Origin::declared;
    parameter->drawn_by.clear();
  }
  if (!any) fail_usage("forget: no parameter matches '{}'{}", pattern, suggest(pattern, known));
}

}  // namespace fanin::nn
