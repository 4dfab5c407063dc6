#pragma once
#include <string>
#include <string_view>

namespace fanin::text {

/// What rounds to nothing has no sign: "0.00" for "-0.00".
std::string without_minus_zero(const std::string& number);
/// A fraction in percent with `digits` decimals ("88.91"), "-" when it is not finite.
std::string percent(double fraction, int digits = 2);
/// As `percent`, with its sign: "+0.42", "-0.10", but "0.00".
std::string signed_percent(double fraction, int digits = 2);

/// "3 models", "1 model".
std::string counted(std::size_t count, const std::string& noun);
/// A number of any size, readably: `digits` decimals, or three significant digits and an exponent where it is
/// so large or so small that these would say nothing ("9.26e+14", "3.10e-07"); "-" when it is not known,
/// "inf" and "-inf".
std::string number(double value, int digits);

/// Whether a byte of UTF-8 begins a code point.
constexpr bool starts_code_point(char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }
/// Columns a terminal needs for UTF-8 `text`: 2 for wide characters, none for marks that combine.
int text_width(std::string_view text);
/// How many bytes of `text` have room in so many columns: whole characters.
std::size_t bytes_within(std::string_view text, int width);
/// `text` cut to `width` ≥ 1 columns with `sign` in place of what is left out, nearer its end than its start: schemes
/// often differ in their last option only.
std::string shorten(const std::string& text, int width, std::string_view sign = "…");
/// @{
/// `text` with spaces behind or before it to fill `width` columns; as it is where it is wider.
std::string pad_right(const std::string& text, int width);
std::string pad_left(const std::string& text, int width);
/// @}

}  // namespace fanin::text
