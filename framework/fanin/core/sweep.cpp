#include <algorithm>

#include <fanin/core/call_characters.hpp>
#include <fanin/core/expression.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/sweep.hpp>

namespace fanin {
namespace {

constexpr std::size_t most_choices = 1000;
constexpr int deepest_nesting = 16;

std::string without_space(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return std::string(text);
}

/// `gain=` of an argument that is written so far as ` gain =`; empty when it has no key.
std::string key_of(std::string_view argument) {
  const auto equals = argument.find('=');
  return equals == std::string_view::npos ? "" : without_space(argument.substr(0, equals)) + "=";
}

class Expander {
 public:
  explicit Expander(std::string_view source) : source_(source) {}

  std::vector<SweepChoice> all() { return choices(0); }

 private:
  using Choices = std::vector<SweepChoice>;

  [[noreturn]] void refuse(std::size_t position, const std::string& what) const {
    fail_usage("{} {}", what, at_character(source_, position));
  }
  char here() const { return at_ < source_.size() ? source_[at_] : '\0'; }
  void skip_space() {
    while (at_ < source_.size() && is_space(source_[at_])) ++at_;
  }

  /// What the text from here on stands for: all of it, or within a sweep (`depth` > 0) one of its values, up
  /// to the ',' '}' or stray ')' behind it.
  Choices choices(int depth) {
    const bool value = depth > 0;
    Choices all(1);
    int parentheses = 0;
    char before = value ? ',' : ' ';
    std::size_t copied = at_, argument = at_;
    const auto copy = [&] {
      for (SweepChoice& one : all) one.text += source_.substr(copied, at_ - copied);
    };
    while (at_ < source_.size()) {
      const char c = source_[at_];
      if ((value || parentheses > 0) && begins_value(before)) {
        if (is_quote(c)) {
          at_ = std::min(end_of_quoted(source_, at_, source_.size()), source_.size());
          before = c;
          continue;
        }
        if (c == '{') {
          if (value && parentheses == 0) refuse(at_, "a sweep cannot stand directly in another one");
          copy();
          const std::size_t open = at_;
          multiply(all, sweep(key_of(source_.substr(argument, at_ - argument)), depth + 1), open);
          copied = at_;
          before = '}';
          continue;
        }
      }
      if (value && parentheses == 0 && (c == ',' || c == '}' || c == ')')) break;
      if (c == '(') ++parentheses;
      if (c == ')' && parentheses > 0) --parentheses;
      if (!is_space(c)) before = c;
      ++at_;
      if (c == '(' || c == ',') argument = at_;
    }
    copy();
    return all;
  }

  /// The values of the sweep that begins here, whose option's key is `key`.
  Choices sweep(const std::string& key, int depth) {
    const std::size_t open = at_;
    if (depth > deepest_nesting) refuse(open, "sweeps nested too deeply");
    Choices all;
    do {
      ++at_;
      skip_space();
      const std::size_t begin = at_;
      for (SweepChoice& one : choices(depth)) {
        std::string text = without_space(one.text);
        if (text.empty() && (here() == ',' || here() == '}'))
          refuse(begin, all.empty() && here() == '}' ? "an empty sweep" : "a value of a sweep is missing");
        all.push_back({text, {key + text}});
      }
      require_few(all.size(), open);
    } while (here() == ',');
    if (here() != '}') refuse(open, "the '{' of a sweep is not closed");
    ++at_;
    skip_space();
    if (at_ < source_.size() && here() != ',' && here() != ')' && !(depth > 1 && here() == '}'))
      refuse(at_, "expected ',' or ')' behind a sweep (a value that has braces is put in quotes)");
    return all;
  }

  void multiply(Choices& all, const Choices& values, std::size_t position) const {
    require_few(all.size() * values.size(), position);
    Choices product;
    for (const SweepChoice& one : all) {
      for (const SweepChoice& value : values) {
        SweepChoice& both = product.emplace_back(one);
        both.text += value.text;
        both.chosen.insert(both.chosen.end(), value.chosen.begin(), value.chosen.end());
      }
    }
    all = std::move(product);
  }

  void require_few(std::size_t count, std::size_t position) const {
    if (count > most_choices)
      refuse(position, fmt::format("sweeps that stand for more than {} texts", most_choices));
  }

  std::string_view source_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<SweepChoice> expand_sweeps(std::string_view text) { return Expander(text).all(); }

}  // namespace fanin
