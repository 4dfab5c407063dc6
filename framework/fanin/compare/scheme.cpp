#include <fanin/compare/scheme.hpp>
#include <fanin/core/error.hpp>

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

}  // namespace fanin::compare
