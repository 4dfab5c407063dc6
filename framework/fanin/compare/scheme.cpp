#include <fmt/ranges.h>

#include <set>

#include <fanin/compare/scheme.hpp>
#include <fanin/core/expression.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/sweep.hpp>

namespace fanin::compare {

Scheme Scheme::parse(const std::string& text) {
  const auto brace = text.find('{');
  if (brace == std::string::npos || text.find('(') < brace) return {text, text};
  if (text.back() != '}') fail_usage("--schemes: '{}' opens a brace that it does not close", text);
  const std::string plan = text.substr(brace + 1, text.size() - brace - 2);
  if (brace == 0) return {plan, plan};
  if (text[brace - 1] != '=' || brace == 1)
    fail_usage("--schemes: '{}' is not a scheme, {{plan}} or label={{plan}}", text);
  return {text.substr(0, brace - 1), plan};
}

std::vector<Scheme> parse_schemes(std::string_view text) {
  constexpr std::size_t most_schemes = 1000;
  std::vector<Scheme> schemes;
  std::set<std::string> labels;
  for (const auto& [first, last] : split_calls(text, ";\n")) {
    for (const SweepChoice& one : expand_sweeps(text.substr(first, last - first))) {
      if (schemes.size() == most_schemes) fail_usage("--schemes: more than {} schemes", most_schemes);
      Scheme& scheme = schemes.emplace_back(Scheme::parse(one.text));
      const bool named = scheme.label != scheme.start.text();
      if (named && !one.chosen.empty()) scheme.label += fmt::format(" ({})", fmt::join(one.chosen, ", "));
      if (!labels.insert(scheme.label).second)
        fail_usage("--schemes: two schemes are called '{}'; give one a label of its own, as in mine={{{}}}",
                   scheme.label, scheme.start.text());
    }
  }
  return schemes;
}

}  // namespace fanin::compare
