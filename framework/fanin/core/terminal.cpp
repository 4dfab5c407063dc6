#include <sys/ioctl.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <string_view>

#include <fanin/core/terminal.hpp>

namespace fanin {

int output_width() {
  struct winsize size {};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const char* chosen = std::getenv("COLUMNS");
  int columns = 0;
  if (chosen != nullptr) {
    const std::string_view text = chosen;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), columns);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size()) columns = 0;
  }
  return columns > 0 ? columns : 0;
}

int prose_width() {
  const int width = output_width();
  return width > 0 ? width : 80;
}

}  // namespace fanin
