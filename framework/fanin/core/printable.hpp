#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace fanin {

/// A Unicode character and how it was written.
struct CodePoint {
  std::uint32_t value = 0;  ///< 0..0x10ffff
  std::size_t bytes = 0;    ///< that it takes, 1..4; 0: the text does not start with valid UTF-8
};
/// The first character of a text that is not empty.
CodePoint code_point(std::string_view text);

/// Text from a file nobody vouches for, safe to show on a terminal: control characters (C0, DEL, C1), the
/// marks that turn the direction of writing, and bytes that are not UTF-8 become visible escapes ("\n",
/// "\x1b", "\u202e").
std::string printable(std::string_view text);

/// The same of a text of ours of several lines: its line ends stay.
std::string printable_lines(std::string_view text);

/// The first so many characters of the printable text, with "…" where it was cut.
std::string printable(std::string_view text, std::size_t most);

/// Printable, and one word to a shell whatever it holds: for a flag that a message tells one to paste.
std::string shell_word(std::string_view text);

}  // namespace fanin
