#include <sys/ioctl.h>
#include <unistd.h>

#include <fanin/core/terminal.hpp>

namespace fanin {

int output_width() {
  struct winsize size {};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

}  // namespace fanin
