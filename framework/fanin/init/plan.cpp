#include <algorithm>

#include <fanin/core/call_characters.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/init/constant.hpp>
#include <fanin/init/plan.hpp>
#include <fanin/init/role.hpp>

namespace fanin::init {
namespace {

constexpr std::size_t most_rules = 10000;

bool is_pattern(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_.-*?").find(c) != std::string_view::npos;
}

std::string_view layer_of(std::string_view name) {
  const auto dot = name.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : name.substr(0, dot);
}

bool names_parameters(std::string_view pattern) {
  const std::string_view last = last_part(pattern);
  return last.find("weight") != std::string_view::npos || last.find("bias") != std::string_view::npos;
}

// The stretch of `text` from `begin` up to `end` without the space around it.
std::pair<std::size_t, std::size_t> trimmed(std::string_view text, std::size_t begin, std::size_t end) {
  while (begin < end && is_space(text[begin])) ++begin;
  while (end > begin && is_space(text[end - 1])) --end;
  return {begin, end};
}

PlanRule parse_rule(std::string_view text, std::size_t begin, std::size_t end) {
  PlanRule rule{.init = std::nullopt, .position = begin};
  const auto equals = std::min(text.find('=', begin), end),
             parenthesis = std::min(text.find('(', begin), end);
  std::size_t from = begin;
  if (equals < parenthesis) {  // not the '=' of an option
    const auto [first, last] = trimmed(text, begin, equals);
    if (first == last) fail_usage("expected a pattern before '=' {}", at_character(text, begin));
    for (std::size_t i = first; i < last; ++i)
      if (!is_pattern(text[i]))
        fail_usage("unexpected {} in a pattern of parameter names {}", in_quotes(text.substr(i, 1)),
                   at_character(text, i));
    rule.pattern = std::string(text.substr(first, last - first));
    from = trimmed(text, equals + 1, end).first;
    if (from == end)
      fail_usage("expected a scheme or 'default' after '=' {}", at_character(text, equals + 1));
  }
  if (text.substr(from, end - from) != "default") rule.init = parse(CallExpression::parse(text, from, end));
  return rule;
}

/// Calls `visit` with the parameter under each of its names.
void under_each_name(const Target& parameter, const auto& visit) {
  visit(parameter);
  for (const Target& tie : parameter.ties) visit(tie);
}

// What the user may have meant: layers, groups of layers alike in name, and for a pattern of parameters those.
std::vector<std::string> near_names(const std::string& pattern, std::span<const Target> parameters) {
  std::vector<std::string> names;
  const auto add = [&](std::string name) {
    if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end())
      names.push_back(std::move(name));
  };
  const auto add_of = [&](const Target& parameter) {
    if (names_parameters(pattern)) {
      add(parameter.name);
    } else if (parameter.rank >= 2) {
      const std::string layer(layer_of(parameter.name));
      add(layer);
      const auto stem = layer.find_last_not_of("0123456789");
      if (stem != std::string::npos && pattern.ends_with('*')) add(layer.substr(0, stem + 1) + "*");
    }
  };
  for (const Target& parameter : parameters) {
    under_each_name(parameter, add_of);
    if (names.size() > 1000) break;
  }
  return names;
}

bool matches_name(const PlanRule& rule, const Target& parameter) {
  const Role role = role_of(parameter.name);
  const bool is_weight =
      (role == Role::weight && parameter.rank >= 2) ||
      (role == Role::branch_weight && rule.init && rule.init->scheme().also_fills(Role::branch_weight));
  if (rule.pattern.empty())
    return !rule.init || is_weight || (role == Role::bias && parameter.weight_rank >= 2);
  if (names_parameters(rule.pattern)) return glob(rule.pattern, parameter.name);
  return (is_weight || !rule.init) &&
         (names_layer_of(rule.pattern, parameter.name) ||
          (last_part(rule.pattern) == "*" && glob(rule.pattern, parameter.name)));
}

}  // namespace

bool matches(const PlanRule& rule, const Target& parameter) {
  bool any = false;
  under_each_name(parameter, [&](const Target& name) { any = any || matches_name(rule, name); });
  return any;
}

Plan Plan::parse(std::string_view text) {
  constexpr std::size_t longest_text = 1 << 16;
  if (text.size() > longest_text)
    fail_usage("a plan of {} bytes is too long; at most {} are read", text.size(), longest_text);
  Plan plan;
  plan.source_ = std::string(text);
  for (const auto& [first, last] : split_calls(text, ";\n")) {
    plan.rules_.push_back(parse_rule(text, first, last));
    if (plan.rules_.size() > most_rules) fail_usage("a plan of more than {} rules is too long", most_rules);
  }
  if (plan.rules_.empty())
    fail_usage(
        "an empty plan; write a scheme, 'default', or rules as \"conv*=kaiming_normal; *.bias=zeros\"");
  return plan;
}

Plan::Plan(std::initializer_list<PlanRule> rules) {
  std::string text;
  for (const PlanRule& rule : rules) {
    auto patterns = split_patterns(rule.pattern);
    if (patterns.empty() && !rule.pattern.empty())
      fail_usage("a plan's pattern {} names nothing; an empty one is for the whole model",
                 in_quotes(rule.pattern));
    if (patterns.empty()) patterns.emplace_back();
    for (const std::string_view pattern : patterns)
      text += (text.empty() ? "" : "; ") + PlanRule{std::string(pattern), rule.init}.to_string();
  }
  if (!text.empty()) *this = parse(text);
}

const PlanRule* Plan::rule_for(const Target& parameter) const {
  const auto rule = std::find_if(rules_.rbegin(), rules_.rend(),
                                 [&](const PlanRule& one) { return matches(one, parameter); });
  return rule == rules_.rend() ? nullptr : &*rule;
}

const Initializer* Plan::lookup(const Target& parameter) const {
  static const Initializer zero = zeros();
  const PlanRule* rule = rule_for(parameter);
  if (!rule || !rule->init) return nullptr;
  const bool zero_bias = rule->pattern.empty() && role_of(parameter.name) == Role::bias &&
                         !rule->init->scheme().also_fills(Role::bias);
  return zero_bias ? &zero : &*rule->init;
}

void Plan::require_matches(std::span<const Target> parameters) const {
  for (const Target& parameter : parameters) {
    const PlanRule* chosen = nullptr;
    std::string chosen_name;
    under_each_name(parameter, [&](const Target& name) {
      const auto names_it = [&](const PlanRule& rule) {
        return !rule.pattern.empty() && rule.pattern.find_first_of("*?") == std::string::npos &&
               matches_name(rule, name);
      };
      const auto rule = std::find_if(rules_.rbegin(), rules_.rend(), names_it);
      if (rule == rules_.rend()) return;
      if (chosen && rule->init != chosen->init)
        fail_usage("'{}' and '{}' are one parameter, and the plan says '{}' and '{}' of it, {}", chosen_name,
                   name.name, chosen->to_string(), rule->to_string(), at_character(source_, rule->position));
      chosen = &*rule;
      chosen_name = name.name;
    });
  }
  for (const PlanRule& rule : rules_) {
    if (!rule.init && rule.pattern.empty()) continue;
    if (std::any_of(parameters.begin(), parameters.end(), [&](const Target& p) { return matches(rule, p); }))
      continue;
    if (rule.pattern.empty())
      fail_usage("scheme '{}' finds no weight with 2 or more dimensions in this model",
                 rule.init->to_string());
    fail_usage(
        "pattern {} matches no {}, {}{}", in_quotes(rule.pattern),
        names_parameters(rule.pattern) ? "parameter" : "layer that has a weight with 2 or more dimensions",
        at_character(source_, rule.position), suggest(rule.pattern, near_names(rule.pattern, parameters)));
  }
}

std::string PlanRule::to_string() const {
  const std::string right = init ? init->to_string() : "default";
  return pattern.empty() ? right : pattern + "=" + right;
}

std::string Plan::to_string() const {
  if (rules_.empty()) return "default";
  std::string text;
  for (const PlanRule& rule : rules_) text += (text.empty() ? "" : "; ") + rule.to_string();
  return text;
}

}  // namespace fanin::init
