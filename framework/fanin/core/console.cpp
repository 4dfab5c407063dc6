#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>

#include <fanin/core/console.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/format.hpp>
#include <fanin/core/locale.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/core/quiet.hpp>
#include <fanin/core/terminal.hpp>
#include <fanin/core/wrap.hpp>

namespace fanin {
namespace {

constexpr const char* clear_line = "\r\033[K";

std::atomic<int> output_error{0};     // errno of the first write to stdout that failed
std::atomic<bool> silent{false};      // notes are not wanted
std::atomic<bool> muted{false};       // nothing is: another process of the run speaks
std::atomic<bool> live_shown{false};  // a live line stands on the terminal
bool pipes_kill = false;              // what SIGPIPE was to do before `prepare_streams`

void write_error(std::string_view text) {
  static_cast<void>(std::fwrite(text.data(), 1, text.size(), stderr));
}

/// As it may go to a terminal.
std::string shown(std::string_view text) { return in_locale(printable_lines(text)); }

void remember_failure(bool failed) {
  int none = 0;
  if (failed) output_error.compare_exchange_strong(none, errno != 0 ? errno : EIO);
}

}  // namespace

void prepare_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(stream, F_GETFD) >= 0 || errno != EBADF) continue;
    // Opened the wrong way round for stdin and stdout: using them is an error, as it was.
    const int opened = ::open("/dev/null", stream == STDOUT_FILENO ? O_RDONLY : O_WRONLY);
    if (opened >= 0 && opened != stream) {
      ::dup2(opened, stream);
      ::close(opened);
    }
  }
  struct sigaction before {};
  pipes_kill = ::sigaction(SIGPIPE, nullptr, &before) == 0 && before.sa_handler == SIG_DFL;
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
}

void silence() { silent = true; }

void keep_quiet(bool quiet) { muted = quiet; }

void write_note(std::string_view text) {
  if (silent || muted) return;
  write_error((live_shown.exchange(false) ? clear_line : "") + text::folded(shown(text), note_width()));
}

void note_error(const std::string& program, std::string message) {
  std::replace_if(
      message.begin(), message.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  if (muted) return;
  write_error((live_shown.exchange(false) ? clear_line : "") +
              shown(fmt::format("{}: {}\n", program, printable(message))));
}

void write_output(std::string_view text) {
  if (muted) return;
  if (live_shown.exchange(false)) write_error(clear_line);
  const std::string output = shown(text);
  errno = 0;
  remember_failure(std::fwrite(output.data(), 1, output.size(), stdout) != output.size());
}

void flush_output() {
  errno = 0;
  remember_failure(std::fflush(stdout) != 0);
}

void close_output() {
  flush_output();  // first: it sees why
  std::cout.flush();
  if (std::ferror(stdout)) remember_failure(true);
  const int reason = output_error;
  if (reason == 0) return;
  if (reason == EPIPE && pipes_kill) {
    std::signal(SIGPIPE, SIG_DFL);
    static_cast<void>(std::raise(SIGPIPE));
  }
  fail("cannot write the output to stdout: {}; it is not complete", std::strerror(reason));
}

int live_width() {
  if (silent || muted || ::isatty(STDERR_FILENO) == 0) return 0;
  const char* terminal = std::getenv("TERM");
  if (terminal == nullptr || *terminal == '\0' || std::string_view(terminal) == "dumb") return 0;
  struct winsize size {};
  const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col - 1 : 79;  // a line of full width would wrap in some terminals
}

void live_line(std::string_view line) {
  const int width = live_width();
  if (width == 0) return;
  write_error(clear_line + text::shorten(in_locale(printable(line)), width, in_locale("…")));
  live_shown = true;
}

}  // namespace fanin
