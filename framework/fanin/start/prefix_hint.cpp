#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <unordered_set>

#include <fanin/core/printable.hpp>
#include <fanin/start/prefix_hint.hpp>

namespace fanin::start {
namespace {

constexpr std::size_t most_candidates = 64, most_hints = 3;

/// How many bytes at their ends a saved name and the wanted one have in common: all of the wanted one, or
/// whole dotted parts.
std::size_t common_tail(std::string_view saved, std::string_view wanted) {
  std::size_t common = 0, tail = 0;
  while (common < saved.size() && common < wanted.size() &&
         saved[saved.size() - 1 - common] == wanted[wanted.size() - 1 - common]) {
    ++common;
    const auto part_begins = [&](std::string_view name) {
      return common == name.size() || name[name.size() - 1 - common] == '.' ||
             name[name.size() - 1 - common] == '/';
    };
    if (common == wanted.size() || (part_begins(saved) && part_begins(wanted))) tail = common;
  }
  return tail;
}

/// Prefixes that make some saved name out of `wanted`, those that keep the most of it first.
std::vector<PrefixHint> candidates(const std::string& wanted, const std::vector<std::string>& saved) {
  struct Tail {
    std::size_t bytes;
    const std::string* name;
  };
  std::vector<Tail> tails;
  for (const auto& name : saved) {
    if (const std::size_t bytes = common_tail(name, wanted); bytes > 0) tails.push_back({bytes, &name});
  }
  std::stable_sort(tails.begin(), tails.end(),
                   [](const Tail& a, const Tail& b) { return a.bytes > b.bytes; });
  std::vector<PrefixHint> all;
  for (const auto& [bytes, name] : tails) {
    const std::string strip = name->substr(0, name->size() - bytes),
                      add = wanted.substr(0, wanted.size() - bytes);
    const auto same = [&](const PrefixHint& hint) { return hint.strip == strip && hint.add == add; };
    if (all.size() == most_candidates) break;
    if ((!strip.empty() || !add.empty()) && std::none_of(all.begin(), all.end(), same))
      all.push_back({strip, add});
  }
  return all;
}

}  // namespace

std::vector<PrefixHint> prefix_hints(const std::vector<std::string>& model,
                                     const std::vector<std::string>& saved,
                                     const std::function<bool(std::size_t)>& needed) {
  std::size_t first = 0;
  const std::unordered_set<std::string_view> there(saved.begin(), saved.end());
  while (first < model.size() && (!needed(first) || there.contains(model[first]))) ++first;
  if (first == model.size()) return {};
  std::vector<PrefixHint> hints;
  for (PrefixHint& hint : candidates(model[first], saved)) {
    bool all = true;
    for (std::size_t i = 0; all && i < model.size(); ++i) {
      const std::string& name = model[i];
      const bool found =
          name.starts_with(hint.add) && there.contains(hint.strip + name.substr(hint.add.size()));
      hint.found += found;
      all = found || !needed(i);
    }
    if (!all) continue;
    hint.left = saved.size() - hint.found;
    hints.push_back(std::move(hint));
  }
  std::stable_sort(hints.begin(), hints.end(), [](const auto& a, const auto& b) { return a.left < b.left; });
  if (hints.size() > most_hints) hints.resize(most_hints);
  return hints;
}

std::string PrefixHint::flags() const {
  std::string text;
  if (!strip.empty()) text += " --strip-prefix " + shell_word(strip);
  if (!add.empty()) text += " --add-prefix " + shell_word(add);
  if (left > 0) text += " --allow-unexpected";
  return text.substr(1);
}

std::string to_string(const std::vector<PrefixHint>& hints) {
  if (hints.empty()) return "";
  const PrefixHint& best = hints.front();
  std::string text;
  if (best.left > 0) {
    text =
        fmt::format("with {} all {} of the model fit, and {} saved ones are left over",
                    best.add.empty() ? fmt::format("'{}' taken off the names that start with it", best.strip)
                    : best.strip.empty() ? fmt::format("'{}' put before the saved names", best.add)
                                         : fmt::format("'{}' in place of '{}'", best.add, best.strip),
                    best.found, best.left);
  } else if (best.add.empty()) {
    text = fmt::format("every saved name starts with '{}'; without it all {} fit", best.strip, best.found);
  } else if (best.strip.empty()) {
    text = fmt::format("every name of the model starts with '{}'; with it before the saved names all {} fit",
                       best.add, best.found);
  } else {
    text = fmt::format("saved names start with '{}' where the model's start with '{}'; all {} then fit",
                       best.strip, best.add, best.found);
  }
  text += ": " + best.flags();
  for (std::size_t i = 1; i < hints.size(); ++i) text += "; or " + hints[i].flags();
  return text;
}

}  // namespace fanin::start
