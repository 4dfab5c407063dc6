#include <algorithm>
#include <vector>

#include <fanin/compare/reasons.hpp>
#include <fanin/init/scheme.hpp>

namespace fanin::compare {
namespace {

/// The scheme whose name begins the text: "orthogonal(gain=1.41)"; null where it is none.
const init::SchemeInfo* named_scheme(const std::string& text) {
  return init::find_scheme(text.substr(0, text.find('(')));
}

/// The schemes of a plan's weights: "conv1.weight=kaiming_uniform(a=2.24); conv1.bias=…".
std::vector<const init::SchemeInfo*> weight_schemes(const std::string& plan) {
  static constexpr std::string_view mark = ".weight=";
  std::vector<const init::SchemeInfo*> schemes;
  for (std::size_t at = plan.find(mark); at != std::string::npos; at = plan.find(mark, at + 1)) {
    const std::size_t begin = at + mark.size();
    const init::SchemeInfo* scheme = named_scheme(plan.substr(begin, plan.find(';', begin) - begin));
    if (scheme != nullptr && std::find(schemes.begin(), schemes.end(), scheme) == schemes.end())
      schemes.push_back(scheme);
  }
  return schemes;
}

}  // namespace

std::string seen_before_training(const Comparison& comparison, const std::string& model,
                                 const std::string& scheme) {
  for (const Run& run : comparison.runs)
    if (run.model == model && run.scheme == scheme && !run.diagnosis.empty()) return run.diagnosis;
  return {};
}

std::string fails_when(const std::string& label, const std::string& plan) {
  if (const init::SchemeInfo* scheme = named_scheme(label)) return scheme->fails;
  const std::vector<const init::SchemeInfo*> schemes = weight_schemes(plan);
  std::string text;
  for (const init::SchemeInfo* scheme : schemes) {
    if (scheme->fails.empty()) continue;
    text += (text.empty() ? "" : "; ") + (schemes.size() > 1 ? scheme->name + ": " : "") + scheme->fails;
  }
  return text;
}

}  // namespace fanin::compare
