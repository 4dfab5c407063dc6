#include <algorithm>

#include <fanin/core/fail.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/start/assigned_schemes.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/start/sites.hpp>

namespace fanin::start {
namespace {

/// A rule that could only speak to parameters that have their values already would be silently without
/// effect.
void require_effect(const init::Plan& plan, const std::vector<init::Target>& targets,
                    const std::vector<nn::Module::NamedParameter>& parameters) {
  for (const auto& rule : plan.rules()) {
    if (rule.pattern.empty() && !rule.init) continue;  // `default` asks for nothing that would not be
    bool matched = false, effective = false;
    for (std::size_t i = 0; i < targets.size(); ++i) {
      if (!init::matches(rule, targets[i])) continue;
      matched = true;
      effective = effective || parameters[i].parameter->origin == nn::Origin::declared;
    }
    if (matched && !effective) {
      fail_usage(
          "initialize: every parameter that '{}' {} has its values already (drawn or loaded); call "
          "forget() or reinitialize() to draw anew{}",
          rule.pattern.empty() ? rule.init->to_string() : rule.pattern,
          rule.pattern.empty() ? "is for" : "matches",
          rule.pattern.empty() ? "" : ", or do not load it: --skip " + shell_word(rule.pattern));
    }
  }
  const auto has_values = [](const auto& one) { return one.parameter->origin != nn::Origin::declared; };
  if (!parameters.empty() && std::all_of(parameters.begin(), parameters.end(), has_values)) {
    fail_usage(
        "initialize: the plan '{}' would draw nothing, as all {} parameters have their values already (drawn or loaded); call forget() or reinitialize() to draw anew",
        plan.to_string(), parameters.size());
  }
}

}  // namespace

AssignedSchemes assign_schemes(nn::Module& model, const init::Plan& plan, bool with_data, Draws draws) {
  AssignedSchemes all{
      .parameters = model.named_parameters(), .sites = sites_of(model), .schemes = {}, .drawn = {}};
  const auto targets = targets_of(model);
  plan.require_matches(targets);
  if (draws == Draws::first) require_effect(plan, targets, all.parameters);
  for (std::size_t i = 0; i < all.parameters.size(); ++i) {
    all.drawn.push_back(draws == Draws::again ? plan.rule_for(targets[i]) != nullptr
                                              : all.parameters[i].parameter->origin == nn::Origin::declared);
    const init::Initializer* ruled = plan.lookup(targets[i]);
    all.schemes.push_back(ruled ? *ruled : all.parameters[i].parameter->init);
    const init::Initializer& scheme = all.schemes.back();
    if (all.draws(i) && scheme.scheme().needs_data() && !with_data)
      fail_usage(
          "{}: scheme '{}' fits weights to a batch of training data, and there is none here; use it in fanin "
          "train or compare, or call start::initialize with images and labels",
          all.parameters[i].name, scheme.to_string());
  }
  return all;
}

}  // namespace fanin::start
