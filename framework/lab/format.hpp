#pragma once
#include <string>

namespace fanin::lab {

/// A fraction in percent with `digits` decimals ("88.91"), "-" when it is not finite.
std::string percent(double fraction, int digits = 2);
/// As `percent`, with its sign ("+0.42").
std::string signed_percent(double fraction, int digits = 2);

/// Columns a terminal needs for UTF-8 `text`, counting every code point as one.
int text_width(const std::string& text);
/// `text` cut to `width` ≥ 1 code points with "…" in place of what is left out, nearer its end than its start:
/// schemes often differ in their last option only.
std::string shorten(const std::string& text, int width);
/// `text` with spaces to fill `width` columns.
std::string pad_right(const std::string& text, int width);
std::string pad_left(const std::string& text, int width);

}  // namespace fanin::lab
