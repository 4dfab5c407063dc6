#include "examples/bench/child.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>

#include <fanin/core/fail.hpp>

namespace fanin::bench {
namespace {

using Clock = std::chrono::steady_clock;

/// Starts `command` with the given files as its stdin and stdout (-1: /dev/null); -1 when it cannot be
/// started.
pid_t start(const Command& command, int in, int out) {
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const auto& one : command) arguments.push_back(const_cast<char*>(one.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  const auto connect = [&files](int from, int to, int mode) {
    if (from < 0)
      posix_spawn_file_actions_addopen(&files, to, "/dev/null", mode, 0);
    else
      posix_spawn_file_actions_adddup2(&files, from, to);
  };
  connect(in, STDIN_FILENO, O_RDONLY);
  connect(out, STDOUT_FILENO, O_WRONLY);
  if (in < 0) posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t pid = -1;
  const int failed = posix_spawnp(&pid, arguments[0], &files, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  return failed == 0 ? pid : -1;
}

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

Usage wait_for(pid_t pid, Clock::time_point begin) {
  if (pid < 0) return {.status = 127};
  int status = 0;
  rusage used{};
  wait4(pid, &status, 0, &used);
  return {.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          .seconds = seconds_since(begin),
          .peak_mb = static_cast<double>(used.ru_maxrss) / 1024};
}

}  // namespace

Command operator+(Command first, const Command& rest) {
  first.insert(first.end(), rest.begin(), rest.end());
  return first;
}

Usage run_to_end(const Command& command) {
  const auto begin = Clock::now();
  return wait_for(start(command, -1, -1), begin);
}

std::string first_line_of(const Command& command) {
  int from[2];
  if (pipe2(from, O_CLOEXEC) != 0) fail("cannot make a pipe to {}", command[0]);
  const auto begin = Clock::now();
  const pid_t pid = start(command, -1, from[1]);
  close(from[1]);
  std::string line;
  for (char c = 0; read(from[0], &c, 1) == 1 && c != '\n';) line += c;
  close(from[0]);
  return wait_for(pid, begin).status == 0 ? line : "";
}

double run_together(const std::vector<Command>& commands) {
  const auto begin = Clock::now();
  std::vector<pid_t> started;
  started.reserve(commands.size());
  for (const auto& command : commands) started.push_back(start(command, -1, -1));
  bool ok = true;
  for (const pid_t pid : started) ok = wait_for(pid, begin).status == 0 && ok;
  return ok ? seconds_since(begin) : -1;
}

Child::Child(const Command& command) : name_(command[0]) {
  int to[2], from[2];
  if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0) fail("cannot make a pipe to {}", name_);
  // Stopped, it would outlive us.
  pid_ = start(Command{"setpriv", "--pdeathsig", "KILL"} + command, to[0], from[1]);
  close(to[0]);
  close(from[1]);
  to_ = to[1], from_ = from[0];
}

Child::~Child() {
  if (pid_ > 0) kill(pid_, SIGCONT);
  close(to_);  // the end of its input ends it
  close(from_);
  if (pid_ > 0) waitpid(pid_, nullptr, 0);
}

double Child::ask(const std::string& question) {
  const std::string line = question + "\n";
  std::string answer;
  if (pid_ > 0) kill(pid_, SIGCONT);
  bool asked = write(to_, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  for (char c = 0; asked && c != '\n';) {
    asked = read(from_, &c, 1) == 1;
    if (asked) answer += c;
  }
  char* end = nullptr;
  const double value = std::strtod(answer.c_str(), &end);
  if (!asked || end == answer.c_str()) fail("{} ended without an answer", name_);
  // Threads that spin for their next work must not take a core from whoever is measured meanwhile.
  kill(pid_, SIGSTOP);
  return value;
}

}  // namespace fanin::bench
