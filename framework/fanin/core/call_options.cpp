#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include <fanin/core/expression.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/formula.hpp>

namespace fanin {
namespace {

std::optional<double> parse_number(std::string_view text) {
  try {
    const double value = NumberFormula::parse(text)();
    if (std::isfinite(value)) return value;
  } catch (const Error&) {  // what was expected in a formula says less than what was expected here
  }
  return std::nullopt;
}

std::optional<Index> parse_integer(std::string_view text) {
  Index value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string joined(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

}  // namespace

CallOptions::CallOptions(const CallExpression& call, std::string kind, std::vector<std::string> known)
    : kind_(std::move(kind)), name_(call.name), source_(call.source), known_(std::move(known)) {
  if (!call.definitions.empty())
    fail_usage("{} '{}' takes no definitions behind ';' {}", kind_, name_,
               at_character(source_, call.definitions[0].key_position));
  std::size_t positional = 0;
  for (const CallArgument& given : call.args) {
    CallArgument arg = given;
    if (arg.key.empty()) {
      if (known_.empty())
        fail_usage("{} '{}' takes no options; {} {}", kind_, name_, in_quotes(arg.text),
                   at_character(source_, arg.position));
      if (positional != args_.size())
        fail_usage("{} '{}': {} must come before the options given by name {}", kind_, name_,
                   in_quotes(arg.text), at_character(source_, arg.position));
      if (positional == known_.size())
        fail_usage("{} '{}' takes at most {} options ({}); {} is one too many {}{}", kind_, name_,
                   known_.size(), joined(known_), in_quotes(arg.text), at_character(source_, arg.position),
                   quoting_hint(""));
      arg.key = known_[positional++];
    } else if (std::find(known_.begin(), known_.end(), arg.key) == known_.end()) {
      const std::string hint = known_.empty() ? "; it takes no options" : suggest(arg.key, known_);
      fail_usage("unknown option {} of {} '{}' {}{}", in_quotes(arg.key), kind_, name_,
                 at_character(source_, arg.key_position), hint);
    }
    if (has(arg.key))
      fail_usage("{} '{}': option '{}' is given twice {}", kind_, name_, arg.key,
                 at_character(source_, arg.position));
    args_.push_back(std::move(arg));
  }
}

const CallArgument* CallOptions::find(std::string_view key) const {
  const auto found =
      std::find_if(args_.begin(), args_.end(), [&](const CallArgument& arg) { return arg.key == key; });
  return found == args_.end() ? nullptr : &*found;
}

void CallOptions::refuse(std::string_view key, const std::string& expected) const {
  const CallArgument* arg = find(key);
  if (!arg) fail_usage("{} '{}': option '{}' is missing; expected {}", kind_, name_, key, expected);
  fail_usage("{} '{}': {} = {} must be {}, {}{}", kind_, name_, key, in_quotes(arg->text), expected,
             at_character(source_, arg->position),
             arg->key_position == arg->position ? quoting_hint(key) : "");
}

std::string CallOptions::quoting_hint(std::string_view key) const {
  for (const CallArgument& arg : args_) {
    if (arg.key == key) break;
    if (arg.text.find('/') != std::string::npos)
      return fmt::format("; a path that holds a comma is put in quotes: {}(\"…\")", name_);
  }
  return "";
}

double CallOptions::number(std::string_view key, double fallback) const {
  const CallArgument* arg = find(key);
  if (!arg) return fallback;
  const auto value = parse_number(arg->text);
  if (!value) refuse(key, "a finite number");
  return *value;
}

Index CallOptions::integer(std::string_view key, Index fallback, Index least, Index most) const {
  const CallArgument* arg = find(key);
  if (!arg) return fallback;
  const auto value = parse_integer(arg->text);
  if (!value || *value < least || *value > most)
    refuse(key, fmt::format("a whole number from {} to {}", least, most));
  return *value;
}

std::string CallOptions::word(std::string_view key, const std::string& fallback,
                              const std::vector<std::string>& allowed) const {
  const CallArgument* arg = find(key);
  if (!arg) return fallback;
  if (!allowed.empty() && std::find(allowed.begin(), allowed.end(), arg->text) == allowed.end())
    refuse(key, "one of " + joined(allowed));
  return arg->text;
}

bool CallOptions::flag(std::string_view key, bool fallback) const {
  const CallArgument* arg = find(key);
  if (!arg) return fallback;
  for (const char* yes : {"true", "yes", "on", "1"})
    if (arg->text == yes) return true;
  for (const char* no : {"false", "no", "off", "0"})
    if (arg->text == no) return false;
  refuse(key, "true or false");
}

std::vector<Index> CallOptions::sizes(std::string_view key, const std::vector<Index>& fallback, Index least,
                                      Index most) const {
  const CallArgument* arg = find(key);
  if (!arg) return fallback;
  std::vector<Index> result;
  std::string_view rest = arg->text;
  while (true) {
    const auto dash = rest.find('-');
    const auto value = parse_integer(rest.substr(0, dash));
    if (!value || *value < least || *value > most || result.size() == 4096)
      refuse(key, fmt::format("whole numbers from {} to {} joined by dashes, as 256-128", least, most));
    result.push_back(*value);
    if (dash == std::string_view::npos) return result;
    rest.remove_prefix(dash + 1);
  }
}

}  // namespace fanin
