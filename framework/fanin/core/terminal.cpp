#include <sys/ioctl.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <string_view>

#include <fanin/core/terminal.hpp>

namespace fanin {
namespace {

int width_of(int stream) {
  struct winsize size {};
  if (::ioctl(stream, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  int columns = 0;
  if (const char* chosen = std::getenv("COLUMNS")) {
    const std::string_view text = chosen;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), columns);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size()) columns = 0;
  }
  return columns > 0 ? columns : 80;
}

}  // namespace

int output_width() { return width_of(STDOUT_FILENO); }
int note_width() { return width_of(STDERR_FILENO); }

}  // namespace fanin
