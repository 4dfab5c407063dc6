#include <cstdlib>
#include <limits>
#include <utility>

#include <fanin/core/fail.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/io/json_scanner.hpp>

namespace fanin::io {
namespace {

constexpr int max_depth = 64;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

void append_utf8(std::string& out, unsigned code) {
  const auto put = [&](unsigned byte) { out.push_back(static_cast<char>(static_cast<unsigned char>(byte))); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | (code >> 6)), put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | (code >> 12)), put(0x80 | ((code >> 6) & 0x3f)), put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | (code >> 18)), put(0x80 | ((code >> 12) & 0x3f));
    put(0x80 | ((code >> 6) & 0x3f)), put(0x80 | (code & 0x3f));
  }
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t bytes = code_point(text).bytes;
    if (bytes == 0) return false;
    text.remove_prefix(bytes);
  }
  return true;
}

JsonScanner::JsonScanner(std::string_view text, std::string what) : text_(text), what_(std::move(what)) {
  if (!is_utf8(text_)) fail("{} is not valid UTF-8", what_);
}

void JsonScanner::fail_here(const std::string& expected) const {
  if (at_ >= text_.size()) fail("{} is not valid: it ends at byte {}, expected {}", what_, at_, expected);
  const auto c = static_cast<unsigned char>(text_[at_]);
  if (c > 0x20 && c < 0x7f) {
    fail("{} is not valid at byte {}: found '{}', expected {}", what_, at_, text_[at_], expected);
  }
  fail("{} is not valid at byte {}: found 0x{:02x}, expected {}", what_, at_, c, expected);
}

void JsonScanner::space() {
  while (at_ < text_.size() &&
         (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) {
    ++at_;
  }
}

char JsonScanner::peek() {
  space();
  return at_ < text_.size() ? text_[at_] : '\0';
}

void JsonScanner::take(char c) {
  if (peek() != c) fail_here(fmt::format("'{}'", c));
  ++at_;
}

bool JsonScanner::open(char bracket) {
  take(bracket);
  const char closing = bracket == '{' ? '}' : ']';
  if (peek() != closing) return true;
  ++at_;
  return false;
}

bool JsonScanner::next(char bracket) {
  const char c = peek();
  if (c != ',' && c != bracket) fail_here(fmt::format("',' or '{}'", bracket));
  ++at_;
  return c == ',';
}

std::string JsonScanner::key() {
  std::string name = string();
  take(':');
  return name;
}

unsigned JsonScanner::hex4() {
  unsigned value = 0;
  for (int i = 0; i < 4; ++i, ++at_) {
    const char c = at_ < text_.size() ? text_[at_] : '\0';
    const unsigned digit = is_digit(c)            ? static_cast<unsigned>(c - '0')
                           : c >= 'a' && c <= 'f' ? static_cast<unsigned>(c - 'a' + 10)
                           : c >= 'A' && c <= 'F' ? static_cast<unsigned>(c - 'A' + 10)
                                                  : 16u;
    if (digit == 16) fail_here("four hexadecimal digits");
    value = value << 4 | digit;
  }
  return value;
}

std::string JsonScanner::string(std::size_t limit) {
  if (peek() != '"') fail_here("a string");
  ++at_;
  std::string out;
  while (true) {
    if (at_ >= text_.size()) fail_here("the string's end");
    if (out.size() > limit) fail("{} has a string of more than {} bytes at byte {}", what_, limit, at_);
    const char c = text_[at_];
    if (static_cast<unsigned char>(c) < 0x20) fail_here("no control character in a string");
    ++at_;
    if (c == '"') return out;
    if (c != '\\') {
      out.push_back(c);
      continue;
    }
    const char escape = at_ < text_.size() ? text_[at_] : '\0';
    static constexpr std::string_view escapes = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
    const std::size_t which = escapes.find(escape);
    if (which != std::string_view::npos && escape != '\0') {
      out.push_back(meanings[which]);
      ++at_;
    } else if (escape == 'u') {
      ++at_;
      unsigned code = hex4();
      if (code >= 0xd800 && code < 0xdc00 && text_.substr(at_, 2) == "\\u") {
        at_ += 2;
        const unsigned low = hex4();
        if (low < 0xdc00 || low >= 0xe000) fail_here("the second half of a surrogate pair before this");
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
      } else if (code >= 0xd800 && code < 0xe000) {
        fail_here("a whole surrogate pair before this");
      }
      append_utf8(out, code);
    } else {
      fail_here("an escape that JSON knows");
    }
  }
}

Index JsonScanner::count() {
  if (!is_digit(peek())) fail_here("a whole number, not negative");
  const bool zero = text_[at_] == '0';
  Index value = 0;
  for (; at_ < text_.size() && is_digit(text_[at_]); ++at_) {
    if (__builtin_mul_overflow(value, Index{10}, &value) ||
        __builtin_add_overflow(value, text_[at_] - '0', &value)) {
      fail_here("a number of at most 63 bits");
    }
    if (zero && value > 0) fail_here("a number without leading zeros");
  }
  if (at_ < text_.size() && (text_[at_] == '.' || text_[at_] == 'e' || text_[at_] == 'E'))
    fail_here("a whole number");
  return value;
}

void JsonScanner::skip_number() {
  const auto digits = [&] {
    if (at_ >= text_.size() || !is_digit(text_[at_])) fail_here("a digit");
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
  };
  if (text_[at_] == '-') ++at_;
  digits();
  if (at_ < text_.size() && text_[at_] == '.') ++at_, digits();
  if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
    ++at_;
    if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
    digits();
  }
}

double JsonScanner::number() {
  const char c = peek();
  if (c != '-' && !is_digit(c)) fail_here("a number");
  const std::size_t begin = at_;
  skip_number();
  return std::strtod(std::string(text_.substr(begin, at_ - begin)).c_str(), nullptr);
}

void JsonScanner::skip_value(int depth) {
  if (depth > max_depth) fail("{} is nested more than {} levels deep at byte {}", what_, max_depth, at_);
  const char c = peek();
  if (c == '{') {
    for (bool more = open('{'); more; more = next('}')) key(), skip_value(depth + 1);
  } else if (c == '[') {
    for (bool more = open('['); more; more = next(']')) skip_value(depth + 1);
  } else if (c == '"') {
    string();
  } else if (c == '-' || is_digit(c)) {
    skip_number();
  } else {
    for (const std::string_view word : {"true", "false", "null"}) {
      if (text_.substr(at_, word.size()) == word) {
        at_ += word.size();
        return;
      }
    }
    fail_here("a value");
  }
}

void JsonScanner::end() {
  space();
  if (at_ < text_.size()) fail_here("the end");
}

}  // namespace fanin::io
