#include <algorithm>

#include <fanin/core/call_characters.hpp>
#include <fanin/core/expression.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/format.hpp>

namespace fanin {
namespace {

constexpr std::size_t longest_text = 1 << 16;
constexpr int deepest_nesting = 16;

bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name(char c) { return is_name_start(c) || (c >= '0' && c <= '9') || c == '-' || c == '.'; }

class Reader {
 public:
  Reader(std::string_view source, std::size_t begin, std::size_t end)
      : source_(source), end_(std::min(end, source.size())), at_(std::min(begin, end_)) {}

  CallExpression call() {
    CallExpression result;
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
        if (take(';')) {
          do result.definitions.push_back(definition());
          while (take(';'));
        }
        if (!take(')')) refuse(result.definitions.empty() ? "expected ',' or ')'" : "expected ';' or ')'");
      }
      skip_space();
    }
    if (at_ < end_) refuse(fmt::format("unexpected {}", in_quotes(source_.substr(at_, 1))));
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

  CallArgument argument() {
    skip_space();
    CallArgument result;
    result.position = result.key_position = at_;
    const bool in_quotes = at_ < end_ && is_quote(source_[at_]);
    result.text = value();
    skip_space();
    if (take('=')) {
      if (in_quotes || !std::all_of(result.text.begin(), result.text.end(), is_name) ||
          !is_name_start(result.text[0])) {
        at_ = result.position;
        refuse("expected an option's name before '='");
      }
      result.key = std::move(result.text);
      skip_space();
      result.position = at_;
      result.text = value();
      skip_space();
    }
    return result;
  }

  CallArgument definition() {
    CallArgument result = argument();
    if (!result.key.empty()) return result;
    at_ = result.position;
    refuse("expected 'name=formula' behind ';' (a value that holds a ';' is put in quotes)");
  }

  std::string value() {
    if (at_ < end_ && source_[at_] == '{')
      refuse(
          "a sweep {…} is several values, where one is expected (a value that has braces is put in quotes)");
    return at_ < end_ && is_quote(source_[at_]) ? quoted_value() : plain_value();
  }

  void refuse_control(char c) const {
    if (static_cast<unsigned char>(c) < 0x20 && !is_space(c)) refuse("unexpected control character");
  }

  // Up to a ',' ';' '=' or ')' outside inner parentheses and their quotes, without the space around it.
  std::string plain_value() {
    const std::size_t begin = at_;
    std::size_t last = at_;
    int depth = 0;
    char before = ' ';
    bool is_path = false;
    while (at_ < end_) {
      const char c = source_[at_];
      if (depth == 0 && (c == ',' || c == ';' || (c == '=' && !is_path) || c == ')')) break;
      if (depth > 0 && is_quote(c) && begins_value(before)) {
        const std::size_t close = end_of_quoted(source_, at_, end_);
        if (close == std::string_view::npos) refuse("expected a closing quote for the one");
        for (; at_ < close; ++at_) refuse_control(source_[at_]);
        last = at_;
        before = c;
        continue;
      }
      if (c == '(' && ++depth > deepest_nesting) refuse("parentheses nested too deeply");
      if (c == ')') --depth;
      if (c == '/') is_path = true;
      refuse_control(c);
      ++at_;
      if (is_space(c)) continue;
      last = at_;
      before = c;
    }
    if (at_ >= end_) refuse("expected ')'");
    if (last == begin) refuse("expected a value");
    return std::string(source_.substr(begin, last - begin));
  }

  std::string quoted_value() {
    const std::size_t close = end_of_quoted(source_, at_, end_);
    if (close == std::string_view::npos) refuse("expected a closing quote for the one");
    const char quote = source_[at_];
    std::string text;
    for (++at_; at_ < close - 1; ++at_) {
      refuse_control(source_[at_]);
      if (source_[at_] == '\\' && (source_[at_ + 1] == quote || source_[at_ + 1] == '\\')) ++at_;
      text += source_[at_];
    }
    at_ = close;
    skip_space();
    if (at_ >= end_) refuse("expected ')'");
    return text;
  }

  std::string_view source_;
  std::size_t end_, at_;
};

}  // namespace

CallExpression CallExpression::parse(std::string_view text) { return parse(text, 0, text.size()); }

CallExpression CallExpression::parse(std::string_view source, std::size_t begin, std::size_t end) {
  if (source.size() > longest_text)
    fail_usage("a text of {} bytes is too long; at most {} are read", source.size(), longest_text);
  return Reader(source, begin, end).call();
}

std::string CallExpression::to_string() const {
  if (args.empty()) return name;
  std::string text = name + "(";
  for (const CallArgument& arg : args) {
    if (text.back() != '(') text += ", ";
    text += (arg.key.empty() ? "" : arg.key + "=") + value_text(arg.text);
  }
  for (const CallArgument& one : definitions) text += "; " + one.key + "=" + value_text(one.text);
  return text + ")";
}

std::string value_text(const std::string& text) {
  try {
    const CallExpression read = CallExpression::parse("f(" + text + ", k=" + text + ")");
    const CallArgument bare{.text = text}, keyed{.key = "k", .text = text};
    if (read.args.size() == 2 && read.args[0] == bare && read.args[1] == keyed) return text;
  } catch (const Error&) {  // it does not read at all
  }
  std::string in_quotes = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') in_quotes += '\\';
    in_quotes += c;
  }
  return in_quotes + '"';
}

std::vector<std::pair<std::size_t, std::size_t>> split_calls(std::string_view text,
                                                             std::string_view separators) {
  std::vector<std::pair<std::size_t, std::size_t>> pieces;
  int parentheses = 0, braces = 0;
  char before = ' ';
  std::size_t begin = 0;
  for (std::size_t at = 0; at <= text.size(); ++at) {
    if (at == text.size() ||
        (parentheses == 0 && braces == 0 && separators.find(text[at]) != std::string_view::npos)) {
      std::size_t first = begin, last = at;
      while (first < last && is_space(text[first])) ++first;
      while (last > first && is_space(text[last - 1])) --last;
      if (first < last) pieces.emplace_back(first, last);
      begin = at + 1;
      continue;
    }
    const char c = text[at];
    if (parentheses > 0 && is_quote(c) && begins_value(before)) {
      const std::size_t close = end_of_quoted(text, at, text.size());
      at = close == std::string_view::npos ? text.size() - 1 : close - 1;
    } else {
      if (c == '(') ++parentheses;
      if (c == ')') parentheses = std::max(parentheses - 1, 0);
      if (parentheses == 0 && c == '{') ++braces;
      if (parentheses == 0 && c == '}') braces = std::max(braces - 1, 0);
    }
    if (!is_space(c)) before = c;
  }
  return pieces;
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t longest = 100;
  std::string shown;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i >= longest && text::starts_code_point(text[i])) return "'" + shown + "…'";
    shown += static_cast<unsigned char>(text[i]) < 0x20 || text[i] == 0x7f ? ' ' : text[i];
  }
  return "'" + shown + "'";
}

std::string at_character(std::string_view source, std::size_t position) {
  position = std::min(position, source.size());
  const std::string_view before = source.substr(0, position);
  return fmt::format("at character {} of {}",
                     std::count_if(before.begin(), before.end(), text::starts_code_point) + 1,
                     in_quotes(source));
}

std::string number_text(double value) { return fmt::format("{}", value); }

}  // namespace fanin
