#pragma once
#include <cstddef>
#include <string_view>

/// @file
/// What those who walk through a call text (core/expression.hpp) agree on: where space, names and quoted values
/// begin and end.
namespace fanin {

constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }  ///< of ASCII
constexpr bool is_quote(char c) { return c == '"' || c == '\''; }  ///< of either kind

/// Whether a value begins behind `before`. A quote opens a quoted value only there: `it's` is a word like any
/// other.
constexpr bool begins_value(char before) { return before == '(' || before == ',' || before == '='; }

/// One past the closing quote of the quoted value that begins at `at`; npos when it is not closed before
/// `end`.
constexpr std::size_t end_of_quoted(std::string_view text, std::size_t at, std::size_t end) {
  const char quote = text[at];
  for (++at; at < end; ++at) {
    if (text[at] == quote) return at + 1;
    if (text[at] == '\\' && at + 1 < end && (text[at + 1] == quote || text[at + 1] == '\\')) ++at;
  }
  return std::string_view::npos;
}

}  // namespace fanin
