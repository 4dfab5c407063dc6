#include <fanin/core/fail.hpp>
#include <fanin/core/format.hpp>
#include <fanin/start/counterpart.hpp>

namespace fanin::start {

std::string counterpart(const Unmatched& one, const std::vector<Unmatched>& free) {
  // Too many pairs to compare would make a large mismatched file slow to refuse.
  if (free.size() > 500) return "";
  std::vector<std::string> names;
  names.reserve(free.size());
  for (const auto& other : free) names.push_back(other.name);
  const std::string suggestion = suggest(one.name, names);
  for (const auto& name : names)
    if (suggestion.starts_with(fmt::format("; did you mean '{}'", name))) return name;
  const auto leaf = [](const std::string& name) { return name.substr(name.rfind('.') + 1); };
  const auto parts = [&](const std::string& name) { return name.size() > leaf(name).size(); };
  std::string alike;
  for (const auto& other : free) {
    if (other.sizes != one.sizes) continue;
    if (parts(other.name) && parts(one.name) && leaf(other.name) != leaf(one.name)) continue;
    if (!alike.empty()) return "";
    alike = other.name;
  }
  return alike;
}

}  // namespace fanin::start
