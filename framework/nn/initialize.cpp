#include "framework/nn/initialize.hpp"

#include <algorithm>

#include "framework/core/error.hpp"
#include "framework/core/moments.hpp"

namespace fanin::nn {
namespace {

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

}  // namespace

std::vector<Drawn> initialize(Module& model, const init::Plan& plan, Generator& generator) {
  const auto parameters = model.named_parameters();
  const auto targets = targets_of(parameters);
  plan.require_matches(targets);
  require_effect(plan, targets, parameters);
  std::vector<Drawn> report;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    Parameter& parameter = *parameters[i].parameter;
    if (parameter.origin != Origin::declared) {
      report.push_back(describe(parameters[i], parameter.origin == Origin::loaded ? "loaded" : "kept"));
      continue;
    }
    const Initializer* ruled = plan.lookup(targets[i]);
    const Initializer& scheme = ruled ? *ruled : parameter.init;
    try {
      scheme.fill(parameter.value, parameter.fans, generator);
    } catch (const Error& error) {
      throw Error(fmt::format("{}: {}", parameters[i].name, error.what()), Blame::usage);
    }
    parameter.origin = Origin::drawn;
    parameter.drawn_by = scheme.to_string();
    report.push_back(describe(parameters[i], parameter.drawn_by));
  }
  return report;
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
