#include <fanin/core/nearest.hpp>
#include <fanin/start/counterpart.hpp>

namespace fanin::start {

std::string counterpart(const Unmatched& one, const std::vector<Unmatched>& free) {
  // Too many pairs to compare would make a large mismatched file slow to refuse.
  if (free.size() > 500) return "";
  std::vector<std::string> names;
  names.reserve(free.size());
  for (const auto& other : free) names.push_back(other.name);
  if (auto near = nearest(one.name, names); !near.empty()) return near.front();
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
