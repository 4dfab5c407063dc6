#include <fmt/ranges.h>

#include <string_view>
#include <utility>

#include <fanin/core/fail.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/start/adapt.hpp>
#include <fanin/start/obstacles.hpp>

namespace fanin::start {
namespace {

/// `name` as a regular expression that means itself.
std::string escaped(const std::string& name) {
  std::string expression;
  for (const char c : name) {
    if (std::string_view(".[]{}()*+?^$|\\").find(c) != std::string_view::npos) expression += '\\';
    expression += c;
  }
  return expression;
}

/// The flag by which a part of saved names becomes one of the model's.
std::string rename_flag(const NameChange& change) {
  const bool layer = change.from.ends_with('.');
  return "--rename " + shell_word("^" + escaped(change.from) + (layer ? "" : "$") + "=>" + change.to);
}

}  // namespace

void Obstacles::add(const std::string& text, const std::string& flags, const char* flag_of_all) {
  ++count_;
  if (count_ <= 3) first_ += fmt::format("{}{}: {}", first_.empty() ? "" : "; ", text, flags);
  if (flag_of_all) of_all_.insert(flag_of_all);
}

void Obstacles::resolve(std::string how) { how_ = std::move(how); }

void Obstacles::raise(const std::string& path) const {
  if (!how_.empty()) fail("{}: {}", path, how_);  // the flag last, to be pasted
  if (count_ == 0) return;
  fail("{}: {} tensor{} in the way of this warm start: {}{}. The model is unchanged{}", path, count_,
       count_ == 1 ? "" : "s", first_, count_ > 3 ? fmt::format("; and {} more", count_ - 3) : "",
       count_ == 1 || of_all_.empty()
           ? ""
           : fmt::format("; without regard to {}: {}", of_all_.size() == 1 ? "all of these" : "any of these",
                         fmt::join(of_all_, " ")));
}

NameChange name_change(const std::string& saved, const std::string& wanted) {
  const std::size_t leaf = saved.rfind('.'), own = wanted.rfind('.');
  if (leaf == std::string::npos || own == std::string::npos || saved.substr(leaf) != wanted.substr(own))
    return {saved, wanted};
  return {saved.substr(0, leaf + 1), wanted.substr(0, own + 1)};
}

std::string skip_flag(const std::string& name) { return "--skip " + shell_word(name); }

std::string reshape_flags(const std::string& name, const std::vector<Index>& from,
                          const std::vector<Index>& to) {
  const auto rules = from.size() > Shape::max_rank ? std::vector<Adapt>() : fitting_rules(from, to);
  if (rules.empty()) return skip_flag(name);
  return fmt::format("--adapt {}{}, or {}", shell_word(fmt::format("{}={}", name, name_of(rules.front()))),
                     rules.front() == Adapt::transpose ? " if it is in Keras's order" : "", skip_flag(name));
}

std::string other_name_flags(const std::string& saved, const std::string& wanted, const std::string& left,
                             const std::string& added) {
  if (saved.empty() || wanted.empty() || !wanted.starts_with(added)) return skip_flag(left);
  return fmt::format("{}, or {}",
                     rename_flag(name_change(saved.substr(added.size()), wanted.substr(added.size()))),
                     skip_flag(left));
}

}  // namespace fanin::start
