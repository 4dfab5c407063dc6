#include "framework/core/expression.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "framework/core/error.hpp"

namespace fanin {
namespace {

constexpr std::size_t longest_text = 1 << 16;
constexpr int deepest_nesting = 16;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name(char c) { return is_name_start(c) || (c >= '0' && c <= '9') || c == '-' || c == '.'; }

class Reader {
 public:
  Reader(std::string_view source, std::size_t begin, std::size_t end)
      : source_(source), end_(std::min(end, source.size())), at_(std::min(begin, end_)) {}

  Expression call() {
    Expression result;
    result.source = std::string(source_);
    skip_space();
    result.position = at_;
    result.name = name();
    skip_space();
    if (take('(')) {
      skip_space();
      if (!take(')')) {
        do result.args.push_back(argument());
        while (take(','));
        if (!take(')')) refuse("expected ',' or ')'");
      }
      skip_space();
    }
    if (at_ < end_) refuse(fmt::format("unexpected {}", quoted(source_.substr(at_, 1))));
    return result;
  }

 private:
  [[noreturn]] void refuse(const std::string& what) const {
    fail_usage("{} {}", what, at_character(source_, at_));
  }
  bool take(char c) {
    if (at_ >= end_ || source_[at_] != c) return false;
    ++at_;
    return true;
  }
  void skip_space() {
    while (at_ < end_ && is_space(source_[at_])) ++at_;
  }
  std::string name() {
    if (at_ >= end_ || !is_name_start(source_[at_])) refuse("expected a name");
    const std::size_t begin = at_;
    while (at_ < end_ && is_name(source_[at_])) ++at_;
    return std::string(source_.substr(begin, at_ - begin));
  }

  Argument argument() {
    skip_space();
    Argument result;
    result.position = result.key_position = at_;
    result.text = value();
    skip_space();
    if (take('=')) {
      if (!std::all_of(result.text.begin(), result.text.end(), is_name) || !is_name_start(result.text[0])) {
        at_ = result.position;
        refuse("expected an option's name before '='");
      }
      result.key = std::move(result.text);
      skip_space();
      result.position = at_;
      result.text = value();
    }
    return result;
  }

  // Up to a ',' '=' or ')' outside inner parentheses, without the space around it.
  std::string value() {
    const std::size_t begin = at_;
    std::size_t last = at_;
    for (int depth = 0; at_ < end_; ++at_) {
      const char c = source_[at_];
      if (depth == 0 && (c == ',' || c == '=' || c == ')')) break;
      if (c == '(' && ++depth > deepest_nesting) refuse("parentheses nested too deeply");
      if (c == ')') --depth;
      if (static_cast<unsigned char>(c) < 0x20 && !is_space(c)) refuse("unexpected control character");
      if (!is_space(c)) last = at_ + 1;
    }
    if (at_ >= end_) refuse("expected ')'");
    if (last == begin) refuse("expected a value");
    return std::string(source_.substr(begin, last - begin));
  }

  std::string_view source_;
  std::size_t end_, at_;
};

std::optional<double> plain_number(std::string_view text) {
  double value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<double> parse_number(std::string_view text) {
  if (const auto slash = text.find('/'); slash != std::string_view::npos) {
    const auto over = parse_number(text.substr(0, slash)), under = plain_number(text.substr(slash + 1));
    if (!over || !under || !std::isfinite(*over / *under)) return std::nullopt;
    return *over / *under;
  }
  if (text.starts_with("sqrt(") && text.ends_with(")")) {
    const auto square = plain_number(text.substr(5, text.size() - 6));
    if (!square || *square < 0) return std::nullopt;
    return std::sqrt(*square);
  }
  return plain_number(text);
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

Expression Expression::parse(std::string_view text) { return parse(text, 0, text.size()); }

Expression Expression::parse(std::string_view source, std::size_t begin, std::size_t end) {
  if (source.size() > longest_text)
    fail_usage("a text of {} bytes is too long; at most {} are read", source.size(), longest_text);
  return Reader(source, begin, end).call();
}

std::string Expression::to_string() const {
  if (args.empty()) return name;
  std::string text = name + "(";
  for (const Argument& arg : args) {
    if (text.back() != '(') text += ", ";
    text += arg.key.empty() ? arg.text : arg.key + "=" + arg.text;
  }
  return text + ")";
}

std::string quoted(std::string_view text) {
  constexpr std::size_t longest = 100;
  std::string shown;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool starts_character = (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80;
    if (i >= longest && starts_character) return "'" + shown + "…'";
    shown += static_cast<unsigned char>(text[i]) < 0x20 || text[i] == 0x7f ? ' ' : text[i];
  }
  return "'" + shown + "'";
}

std::string at_character(std::string_view source, std::size_t position) {
  position = std::min(position, source.size());
  const auto characters =
      std::count_if(source.begin(), source.begin() + static_cast<std::ptrdiff_t>(position),
                    [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
  return fmt::format("at character {} of {}", characters + 1, quoted(source));
}

std::string number_text(double value) { return fmt::format("{}", value); }

Options::Options(const Expression& call, std::string kind, std::vector<std::string> known)
    : kind_(std::move(kind)), name_(call.name), source_(call.source), known_(std::move(known)) {
  std::size_t positional = 0;
  for (const Argument& given : call.args) {
    Argument arg = given;
    if (arg.key.empty()) {
      if (known_.empty())
        fail_usage("{} '{}' takes no options; {} {}", kind_, name_, quoted(arg.text),
                   at_character(source_, arg.position));
      if (positional != args_.size())
        fail_usage("{} '{}': {} must come before the options given by name {}", kind_, name_,
                   quoted(arg.text), at_character(source_, arg.position));
      if (positional == known_.size())
        fail_usage("{} '{}' takes at most {} options ({}); {} is one too many {}", kind_, name_,
                   known_.size(), joined(known_), quoted(arg.text), at_character(source_, arg.position));
      arg.key = known_[positional++];
    } else if (std::find(known_.begin(), known_.end(), arg.key) == known_.end()) {
      const std::string hint = known_.empty() ? "; it takes no options" : suggest(arg.key, known_);
      fail_usage("unknown option {} of {} '{}' {}{}", quoted(arg.key), kind_, name_,
                 at_character(source_, arg.key_position), hint);
    }
    if (has(arg.key))
      fail_usage("{} '{}': option '{}' is given twice {}", kind_, name_, arg.key,
                 at_character(source_, arg.position));
    args_.push_back(std::move(arg));
  }
}

const Argument* Options::find(std::string_view key) const {
  const auto found =
      std::find_if(args_.begin(), args_.end(), [&](const Argument& arg) { return arg.key == key; });
  return found == args_.end() ? nullptr : &*found;
}

void Options::refuse(std::string_view key, const std::string& expected) const {
  const Argument* arg = find(key);
  if (!arg) fail_usage("{} '{}': option '{}' is missing; expected {}", kind_, name_, key, expected);
  fail_usage("{} '{}': {} = {} must be {}, {}", kind_, name_, key, quoted(arg->text), expected,
             at_character(source_, arg->position));
}

double Options::number(std::string_view key, double fallback) const {
  const Argument* arg = find(key);
  if (!arg) return fallback;
  const auto value = parse_number(arg->text);
  if (!value) refuse(key, "a finite number");
  return *value;
}

Index Options::integer(std::string_view key, Index fallback, Index least, Index most) const {
  const Argument* arg = find(key);
  if (!arg) return fallback;
  const auto value = parse_integer(arg->text);
  if (!value || *value < least || *value > most)
    refuse(key, fmt::format("a whole number from {} to {}", least, most));
  return *value;
}

std::string Options::word(std::string_view key, const std::string& fallback,
                          const std::vector<std::string>& allowed) const {
  const Argument* arg = find(key);
  if (!arg) return fallback;
  if (!allowed.empty() && std::find(allowed.begin(), allowed.end(), arg->text) == allowed.end())
    refuse(key, "one of " + joined(allowed));
  return arg->text;
}

bool Options::flag(std::string_view key, bool fallback) const {
  const Argument* arg = find(key);
  if (!arg) return fallback;
  for (const char* yes : {"true", "yes", "on", "1"})
    if (arg->text == yes) return true;
  for (const char* no : {"false", "no", "off", "0"})
    if (arg->text == no) return false;
  refuse(key, "true or false");
}

std::vector<Index> Options::sizes(std::string_view key, const std::vector<Index>& fallback, Index least,
                                  Index most) const {
  const Argument* arg = find(key);
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
