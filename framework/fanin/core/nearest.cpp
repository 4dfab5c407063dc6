#include <algorithm>
#include <cctype>
#include <numeric>
#include <utility>

#include <fanin/core/nearest.hpp>

namespace fanin {
namespace {

/// How many letters must be added, left out, replaced or exchanged with their neighbour to turn one word into
/// another, whatever their case.
std::size_t edit_distance(const std::string& a, const std::string& b) {
  const auto same = [&](std::size_t i, std::size_t j) {
    return std::tolower(static_cast<unsigned char>(a[i])) == std::tolower(static_cast<unsigned char>(b[j]));
  };
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same(i - 1, j - 1) ? 0 : 1)});
      if (i > 1 && j > 1 && same(i - 1, j - 2) && same(i - 2, j - 1))
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last.back();
}

/// How many edits make a slip of a word of this length rather than another word: none of one letter, one of
/// up to five, then two, and a third of a long one.
std::size_t slips(std::size_t length) {
  return length < 2 ? 0 : length < 6 ? 1 : std::max<std::size_t>(2, length / 3);
}

}  // namespace

std::vector<std::string> nearest(const std::string& name, const std::vector<std::string>& known) {
  std::vector<std::pair<std::size_t, std::string>> near;
  for (const auto& candidate : known) {
    const std::size_t distance = name.size() < 200 ? edit_distance(name, candidate) : slips(name.size()) + 1;
    const bool prefix = name.size() >= 2 && candidate.starts_with(name);
    if (distance <= slips(name.size()) || prefix) near.emplace_back(prefix ? 0 : distance, candidate);
  }
  // A family's name, as "kaimng" of kaiming_uniform, where no whole name is near.
  if (near.empty() && name.size() >= 4 && name.size() < 200)
    for (const auto& candidate : known) {
      const std::string family = candidate.substr(0, candidate.find('_'));
      const std::size_t distance = family.size() >= 4 ? edit_distance(name, family) : slips(name.size()) + 1;
      if (distance <= slips(name.size())) near.emplace_back(distance, candidate);
    }
  std::stable_sort(near.begin(), near.end(), [](auto& a, auto& b) { return a.first < b.first; });
  if (near.size() > 3) near.resize(3);
  std::vector<std::string> names;
  for (auto& [distance, candidate] : near) names.push_back(std::move(candidate));
  return names;
}

}  // namespace fanin
