#pragma once
#include <string>

namespace fanin {

/// Whether what is shown may be UTF-8: unless $LC_ALL, $LC_CTYPE or $LANG, the first of them that is set, names
/// a locale that is not. (Where none is set, in many containers, terminals are UTF-8 all the same.)
bool locale_is_utf8();

/// UTF-8 `text` for such a locale: as it is, or in ASCII alone, our signs in its spelling (√ as sqrt, ≥ as >=),
/// every other character as its number.
std::string in_locale(std::string text);
/// The same in ASCII, whatever the locale.
std::string in_ascii(const std::string& text);

}  // namespace fanin
