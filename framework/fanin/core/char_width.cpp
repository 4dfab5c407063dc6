#include <locale.h>

#include <cwchar>

#include <fanin/core/char_width.hpp>

namespace fanin {

int char_width(std::uint32_t code) {
  if (code < 0x300) return 1;
  // The C library knows, in any locale of Unicode's; which one the program runs in is another matter.
  static const locale_t unicode = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  if (unicode == nullptr) return 1;
  const locale_t before = ::uselocale(unicode);
  const int columns = ::wcwidth(static_cast<wchar_t>(code));
  ::uselocale(before);
  return columns < 0 ? 1 : columns;
}

}  // namespace fanin
