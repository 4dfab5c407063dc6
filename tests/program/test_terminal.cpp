// The live line of a comparison, on a terminal of our own: it fits, it leaves no escape codes where none are
// understood, and what is said last does not stand in it.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <regex>
#include <string>
#include <vector>

#include <fanin/core/format.hpp>

#include "tests/io/scratch.hpp"
#include "tests/program/command.hpp"

namespace {

/// What a comparison, with `more` flags, writes to a terminal of so many columns; Ctrl-C is typed when
/// `interrupt_at` appears.
std::string terminal_output(const char* terminal, unsigned short columns, const std::string& epochs,
                            const std::string& interrupt_at = {}, const std::vector<std::string>& more = {}) {
  const Scratch scratch;
  const int master = ::posix_openpt(O_RDWR | O_NOCTTY);
  REQUIRE(master >= 0);
  REQUIRE(::grantpt(master) == 0);
  REQUIRE(::unlockpt(master) == 0);
  const std::string name = ::ptsname(master);
  struct winsize size {};
  size.ws_col = columns;
  size.ws_row = 24;
  REQUIRE(::ioctl(master, TIOCSWINSZ, &size) == 0);
  const std::string program = fanin_path(), out = scratch / "out";
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::setsid();
    const int slave = ::open(name.c_str(), O_RDWR);
    ::ioctl(slave, TIOCSCTTY, 0);
    for (int stream : {0, 1, 2}) ::dup2(slave, stream);
    ::setenv("TERM", terminal, 1);
    std::vector<std::string> words = {program,     "compare",
                                      "--models",  "mlp(hidden=8, activation=tanh)",
                                      "--schemes", "uniform(-0.0625, 0.0625); default",
                                      "--data",    "synthetic(count=60, classes=3, size=8)",
                                      "--seeds",   "1",
                                      "--jobs",    "1",
                                      "--epochs",  epochs,
                                      "--out",     out};
    words.insert(words.end(), more.begin(), more.end());
    std::vector<char*> all;
    for (std::string& word : words) all.push_back(word.data());
    all.push_back(nullptr);
    ::execv(program.c_str(), all.data());
    ::_exit(127);
  }
  std::string seen;
  bool interrupted = interrupt_at.empty();
  const auto started = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - started < std::chrono::seconds(60)) {
    struct pollfd waiting = {master, POLLIN, 0};
    if (::poll(&waiting, 1, 100) > 0) {
      char bytes[4096];
      const ssize_t count = ::read(master, bytes, sizeof bytes);
      if (count <= 0) break;  // the child has ended and its side is closed
      seen.append(bytes, static_cast<std::size_t>(count));
    }
    if (!interrupted && seen.find(interrupt_at) != std::string::npos) {
      REQUIRE(::write(master, "\x03", 1) == 1);
      interrupted = true;
    }
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(master);
  return seen;
}

/// The pieces that start at the left edge of the terminal by \r or a new line.
std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines(1);
  for (const char c : text) {
    if (c == '\r' || c == '\n')
      lines.emplace_back();
    else
      lines.back() += c;
  }
  return lines;
}

constexpr const char* clear = "\033[K";

}  // namespace

TEST_CASE("terminal: the live line fits a narrow one") {
  const std::string seen = terminal_output("xterm", 30, "3");
  int live = 0;
  for (const auto& line : lines_of(seen)) {
    if (!line.starts_with(clear) || line.find(": epoch") == std::string::npos) continue;
    ++live;
    CHECK(fanin::text::text_width(line.substr(3)) < 30);
  }
  for (const auto& line : lines_of(seen))
    live += line.starts_with(clear) && line.find("mlp") != std::string::npos &&
            line.find("…") != std::string::npos;
  CHECK(live > 0);
}

TEST_CASE(
    "terminal: while rates are chosen the live line says how many runs are done and how long the grid still takes") {
  const std::string seen = terminal_output("xterm", 150, "400", {}, {"--tune"});
  static const std::regex line(
      "choosing rates [0-9]+/28, [0-9]+ (s|min).* left  mlp.* / lr [0-9.e-]+ / seed [0-9]+: epoch ");
  CHECK_MESSAGE(std::regex_search(seen, line), seen);
  CHECK(seen.find("learning rates chosen by 28 runs\r\n") != std::string::npos);
  CHECK(seen.find("report.html") != std::string::npos);
}

TEST_CASE("terminal: a dumb one gets no escape code and no line that changes") {
  for (const char* terminal : {"dumb", ""}) {
    CAPTURE(terminal);
    const std::string seen = terminal_output(terminal, 80, "2");
    CHECK(seen.find("report.html") != std::string::npos);
    CHECK(seen.find('\033') == std::string::npos);
    CHECK(seen.find("epoch 1") == std::string::npos);
  }
}

TEST_CASE("terminal: what is said after Ctrl-C starts on a line of its own") {
  const std::string seen = terminal_output("xterm", 100, "100000000", ": epoch");
  const auto last = seen.find("fanin: interrupted");
  REQUIRE(last != std::string::npos);
  REQUIRE(last >= 4);
  const std::string before = seen.substr(last - 4, 4);
  CHECK((before == std::string("\r") + clear || before.back() == '\n'));
}
