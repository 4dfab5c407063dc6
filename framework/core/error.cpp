#include "framework/core/error.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

namespace fanin {
namespace {

std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row.back();
}

}  // namespace

std::string suggest(const std::string& name, const std::vector<std::string>& known) {
  std::vector<std::pair<std::size_t, std::string>> near;
  const std::size_t limit = std::max<std::size_t>(2, name.size() / 3);
  for (const auto& candidate : known) {
    const std::size_t distance = name.size() < 200 ? edit_distance(name, candidate) : limit + 1;
    const bool prefix = name.size() >= 3 && candidate.starts_with(name);
    if (distance <= limit || prefix) near.emplace_back(prefix ? 0 : distance, candidate);
  }
  std::stable_sort(near.begin(), near.end(), [](auto& a, auto& b) { return a.first < b.first; });
  if (near.size() > 3) near.resize(3);
  std::vector<std::string> names;
  for (auto& [distance, candidate] : near) names.push_back("'" + candidate + "'");
  if (!names.empty()) return fmt::format("; did you mean {}?", fmt::join(names, " or "));
  return known.empty() ? std::string() : fmt::format("; known: {}", fmt::join(known, ", "));
}

}  // namespace fanin
