#include "tests/program/command.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "tests/io/scratch.hpp"

namespace fs = std::filesystem;

namespace {

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool holds_a_file(const std::string& folder) {
  std::error_code none;
  for (fs::directory_iterator at(folder, none), end; !none && at != end; at.increment(none)) {
    if (at->path().extension() == ".json" || at->path().extension() == ".safetensors") return true;
    if (at->path().filename() == "journal" && at->file_size(none) > 0) return true;
  }
  return false;
}

[[noreturn]] void become(const std::string& program, const std::vector<std::string>& arguments,
                         const std::string& out, const std::string& err) {
  std::vector<char*> argv = {const_cast<char*>(program.c_str())};
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const auto redirect = [](const std::string& path, int to) {
    ::dup2(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), to);
  };
  redirect(out, STDOUT_FILENO);
  redirect(err, STDERR_FILENO);
  // So that a test may look for a sentence, wherever it would be folded.
  ::setenv("COLUMNS", "100000", 0);
  ::execv(program.c_str(), argv.data());
  ::_exit(127);
}

Outcome run(const std::string& program, const std::vector<std::string>& arguments,
            const std::string& interrupt_when = {}) {
  REQUIRE_MESSAGE(fs::exists(program), program, " is not there: make program");
  const Scratch scratch;
  const std::string out = scratch / "out", err = scratch / "err";
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) become(program, arguments, out, err);
  const auto started = std::chrono::steady_clock::now();
  const char* sanitizers = std::getenv("FANIN_SANITIZE");  // under which a program takes ten times as long
  const auto longest = std::chrono::seconds(sanitizers && *sanitizers ? 1200 : 60);
  bool interrupted = interrupt_when.empty();
  int status = 0;
  while (::waitpid(child, &status, WNOHANG) == 0) {
    if (!interrupted && holds_a_file(interrupt_when)) {
      ::kill(child, SIGINT);
      interrupted = true;
    }
    if (std::chrono::steady_clock::now() - started > longest) ::kill(child, SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return {code, text_of(out), text_of(err)};
}

}  // namespace

std::string fanin_path() {
  const char* chosen = std::getenv("FANIN_BIN");
  return chosen ? chosen : "build/fanin";
}

Outcome fanin_command(const std::vector<std::string>& arguments, const std::string& interrupt_when) {
  return run(fanin_path(), arguments, interrupt_when);
}

Outcome claims_command(const std::vector<std::string>& arguments) {
  return run(fs::path(fanin_path()).replace_filename("claims").string(), arguments);
}

Outcome example_command(const std::string& name, const std::vector<std::string>& arguments) {
  return run((fs::path(fanin_path()).parent_path() / "examples" / name).string(), arguments);
}

bool can_start_ranks() {
  const bool there =
      fs::exists("/usr/bin/mpirun") && fs::exists(fs::path(fanin_path()).replace_filename("libfanin_mpi.so"));
  if (!there) MESSAGE("skipped: there is no mpirun, or the program was built without MPI");
  return there;
}

Outcome fanin_on_ranks(const std::vector<RankGroup>& groups, const std::string& interrupt_when) {
  std::vector<std::string> words = {"--allow-run-as-root", "--oversubscribe"};
  for (const RankGroup& one : groups) {
    if (&one != &groups.front()) words.emplace_back(":");
    words.insert(words.end(), {"-n", std::to_string(one.ranks), one.program});
    words.insert(words.end(), one.arguments.begin(), one.arguments.end());
  }
  return run("/usr/bin/mpirun", words, interrupt_when);
}

namespace {

/// Runs the program until `wait` returns, and kills it; whether it was still running then.
bool killed_after(const std::vector<std::string>& arguments, auto&& wait) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) become(fanin_path(), arguments, "/dev/null", "/dev/null");
  wait();
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status);
}

}  // namespace

bool fanin_killed(const std::vector<std::string>& arguments, int milliseconds) {
  return killed_after(arguments,
                      [&] { std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds)); });
}

bool fanin_killed_at(const std::vector<std::string>& arguments, const std::string& file) {
  return killed_after(arguments, [&] {
    for (int i = 0; i < 60'000 && !fs::exists(file); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
  });
}

int line_count(const std::string& text) {
  return static_cast<int>(std::count(text.begin(), text.end(), '\n')) +
         (text.empty() || text.back() == '\n' ? 0 : 1);
}
