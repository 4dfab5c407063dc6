#pragma once
#include <string>
#include <string_view>

#include <fanin/io/dtype.hpp>

namespace fanin::io {

/// Reads JSON (RFC 8259) of a known structure straight from memory, for headers of files nobody has vouched
/// for: it builds no tree, so a hostile header costs no more memory than the caller keeps. Each function
/// takes one piece and gives an Error with the byte position when something else is there.
class JsonScanner {
 public:
  /// `what` starts every message: "a.safetensors: header". Error when the text is not UTF-8.
  JsonScanner(std::string_view text, std::string what);

  /// @{
  /// `for (bool more = json.open('{'); more; more = json.next('}')) …`: enters an object or array, and tells
  /// whether it has a(nother) member; the last call takes the closing bracket.
  bool open(char bracket);
  bool next(char bracket);
  /// @}
  /// A string; Error when it is longer than `limit` bytes.
  std::string string(std::size_t limit = 1 << 20);
  /// A member's name and its colon.
  std::string key();
  /// A whole number from 0 to 2^63 - 1, without sign, fraction or exponent.
  Index count();
  /// Any number, as the nearest double (infinite when it is too large for one).
  double number();
  /// Any value at all, at most 64 levels deep.
  void skip_value(int depth = 0);
  /// Error unless only white space is left.
  void end();

  /// Error with the byte position: "… is not valid at byte 17: found 'x', expected a number".
  [[noreturn]] void fail_here(const std::string& expected) const;

 private:
  void space();
  char peek();
  void take(char c);
  unsigned hex4();
  void skip_number();

  std::string_view text_;
  std::string what_;
  std::size_t at_ = 0;
};

/// Whether the bytes are well-formed UTF-8 (no overlong forms, surrogates or values past U+10FFFF).
bool is_utf8(std::string_view text);

}  // namespace fanin::io
