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

/// A rule that could only speak to parameters that have their values already would be silently without
/// effect.
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
      fail_usage(
          "initialize: every parameter that '{}' matches has its values already (drawn or loaded); call "
          "forget() to draw anew",
          rule.pattern);
    }
  }
}

Drawn describe(const Module::NamedParameter& one, std::string scheme) {
  const Tensor& value = one.parameter->value;
  const auto [mean, std] = moments(value.values());
  return {one.name, value.shape(), one.parameter->fans, std::move(scheme), mean, std};
}

/// A model's parameters, each with the scheme that speaks for it.
struct Assignment {
  std::vector<Module::NamedParameter> parameters;
  std::vector<init::Site> sites;
  std::vector<Initializer> schemes;

  bool draws(std::size_t i) const { return parameters[i].parameter->origin == Origin::declared; }
  void fill(std::size_t i, Tensor& values, Generator& generator) const {
    naming(i, [&] { schemes[i].fill(values, sites[i], generator); });
  }
  /// Does what may be refused, in the name of the parameter.
  template <class Action>
  void naming(std::size_t i, const Action& action) const {
    try {
      action();
    } catch (const Error& error) {
      throw Error(fmt::format("{}: {}", parameters[i].name, error.what()), Blame::usage);
    }
  }
};

Assignment assign(Module& model, const init::Plan& plan, bool with_data) {
  Assignment all{.parameters = model.named_parameters(), .sites = sites_of(model), .schemes = {}};
  const auto targets = targets_of(all.parameters);
  plan.require_matches(targets);
  require_effect(plan, targets, all.parameters);
  for (std::size_t i = 0; i < all.parameters.size(); ++i) {
    const Initializer* ruled = plan.lookup(targets[i]);
    all.schemes.push_back(ruled ? *ruled : all.parameters[i].parameter->init);
    const Initializer& scheme = all.schemes.back();
    if (all.draws(i) && scheme.scheme().needs_data && !with_data)
      fail_usage(
          "{}: scheme '{}' fits weights to a batch of training data, and there is none here; use it in fanin "
          "train or "
          "compare, or call nn::initialize with images and labels",
          all.parameters[i].name, scheme.to_string());
  }
  return all;
}

void require_batch(const Samples& samples, const std::string& name, const Initializer& scheme) {
  if (!samples.images.defined() || samples.images.rank() < 2 || samples.images.numel() == 0)
    fail("{}: scheme '{}' needs a batch of at least one sample", name, scheme.to_string());
  if (static_cast<Index>(samples.labels.size()) != samples.images.size(0))
    fail("{}: scheme '{}' got {} images and {} labels", name, scheme.to_string(), samples.images.size(0),
         samples.labels.size());
}

std::string origin_of(const Parameter& parameter, const Initializer& scheme) {
  if (parameter.origin == Origin::declared) return scheme.to_string();
  return parameter.origin == Origin::loaded ? "loaded" : "kept";
}

std::vector<Drawn> initialize_all(Module& model, const init::Plan& plan, Generator& generator,
                                  const Samples* samples) {
  const Assignment all = assign(model, plan, samples != nullptr);
  const auto& parameters = all.parameters;
  std::vector<Fit> fits;
  std::vector<std::string> origins;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    origins.push_back(origin_of(*parameters[i].parameter, all.schemes[i]));
    if (!all.draws(i) || !all.schemes[i].scheme().needs_data) continue;
    require_batch(*samples, parameters[i].name, all.schemes[i]);
    fits.push_back({parameters[i].name, parameters[i].parameter.get(), parameters[i].owner, all.schemes[i]});
  }
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (!all.draws(i)) continue;
    Parameter& parameter = *parameters[i].parameter;
    all.fill(i, parameter.value, generator);
    parameter.origin = Origin::drawn;
    parameter.drawn_by = origins[i];
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

std::vector<Drawn> initialize(Module& model, const init::Plan& plan, Generator& generator,
                              const Tensor& images, std::span<const std::int32_t> labels) {
  const Samples samples{images, labels};
  return initialize_all(model, plan, generator, &samples);
}

std::vector<Drawn> initialize(Module& model, const std::string& plan, Generator& generator,
                              const Tensor& images, std::span<const std::int32_t> labels) {
  return initialize(model, init::Plan::parse(plan), generator, images, labels);
}

std::vector<Drawn> initialize(Module& model, const std::string& plan, Generator& generator) {
  return initialize(model, init::Plan::parse(plan), generator);
}

std::vector<Drawn> initialize(Module& model, Generator& generator) {
  return initialize(model, init::Plan(), generator);
}

std::vector<std::string> fitted_parameters(Module& model, const init::Plan& plan) {
  const Assignment all = assign(model, plan, true);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < all.parameters.size(); ++i) {
    if (all.draws(i) && all.schemes[i].scheme().needs_data) names.push_back(all.parameters[i].name);
  }
  return names;
}

void require_initializable(Module& model, const init::Plan& plan, bool with_data) {
  const Assignment all = assign(model, plan, with_data);
  for (std::size_t i = 0; i < all.parameters.size(); ++i) {
    if (!all.draws(i)) continue;
    const Shape& shape = all.parameters[i].parameter->value.shape();
    bool stated = false;
    all.naming(i, [&] { stated = all.schemes[i].deviation(shape, all.sites[i].fans).has_value(); });
    if (stated) continue;
    Tensor scratch(shape);
    Generator generator(0);
    all.fill(i, scratch, generator);
  }
}

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
