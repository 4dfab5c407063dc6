#include <algorithm>
#include <cmath>

#include <fanin/core/expression.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/init/option_limits.hpp>

namespace fanin::init {
namespace {

constexpr double largest = 1e30;

}  // namespace

bool admits(const OptionSpec& spec, const Value& value) {
  if (value.index() != spec.standard.index()) return false;
  const OptionLimits& limits = spec.limits;
  if (const auto* word = std::get_if<std::string>(&value))
    return limits.words.empty() ||
           std::find(limits.words.begin(), limits.words.end(), *word) != limits.words.end();
  const double number = std::get<double>(value);
  return std::abs(number) <= largest && number >= limits.least && number <= limits.most &&
         !(limits.below_most && number == limits.most) && !(limits.whole && number != std::floor(number));
}

std::string expectation(const OptionSpec& spec) {
  const auto& [least, most, below_most, whole, words] = spec.limits;
  if (std::holds_alternative<std::string>(spec.standard))
    return words.empty() ? "a word" : fmt::format("one of {}", fmt::join(words, ", "));
  const std::string kind = whole ? "a whole number" : "a finite number";
  const bool low = std::isfinite(least), high = std::isfinite(most);
  if (low && high) return fmt::format("{} in [{}, {}{}", kind, least, most, below_most ? ")" : "]");
  if (low) return fmt::format("{} ≥ {}", kind, least);
  if (high) return fmt::format("{} {} {}", kind, below_most ? "<" : "≤", most);
  return kind + " of magnitude up to 1e30";
}

/// A root of a whole number is shown as that: √5 says where 2.23606797749979 comes from, and reads back the same.
std::string option_value_text(const Value& value) {
  if (const auto* word = std::get_if<std::string>(&value)) return value_text(*word);
  const double number = std::get<double>(value), square = std::round(number * number);
  const bool root =
      square >= 2 && square <= 1000 && std::abs(number) == std::sqrt(square) && number != std::floor(number);
  return root ? fmt::format("{}√{}", number < 0 ? "-" : "", square) : number_text(number);
}

std::optional<std::string> why_no_base(const SchemeInfo& scheme) {
  if (scheme.needs_data()) return "a scheme that needs no data";
  if (scheme.base_option())
    return fmt::format("a scheme that draws by itself, and '{}' adjusts another one's draw", scheme.name);
  return std::nullopt;
}

}  // namespace fanin::init
