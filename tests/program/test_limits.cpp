// The program under the limits of a shell: what the system refuses is one line on stderr and an exit code,
// never a hang or a signal.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <fanin/core/cores.hpp>
#include <fanin/core/sanitizer.hpp>

#include "tests/io/bytes.hpp"
#include "tests/io/scratch.hpp"
#include "tests/message.hpp"
#include "tests/program/command.hpp"

#if !FANIN_ASAN && !FANIN_TSAN  // which need more address space than a limit leaves

namespace {

/// Runs the program with `arguments` after `limits` in a shell of its own; all it says is in `out`.
Outcome limited(const std::string& limits, const std::string& arguments) {
  FILE* pipe = ::popen((limits + "; timeout 60 " + fanin_path() + " " + arguments + " 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  Outcome outcome;
  char piece[4096];
  for (std::size_t got = 0; (got = std::fread(piece, 1, sizeof piece, pipe)) > 0;)
    outcome.out.append(piece, got);
  const int status = ::pclose(pipe);
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return outcome;
}

const std::string probe = "probe --data synthetic --models 'mlp(hidden=16)' --schemes default";
const std::string small_run = "train --data synthetic --model 'mlp(hidden=16)' --epochs 1 --threads ";

}  // namespace

TEST_CASE("threads that the system refuses are an Error that names what was asked for and what was given") {
  if (fanin::cores_at_hand() < 2) return;
  const Outcome outcome = limited("ulimit -s 4000000; ulimit -v 3000000", small_run + "64");
  CHECK(outcome.code == 1);
  CHECK(holds(outcome.out, "64 were asked for"));
  CHECK(holds(outcome.out, "the system gave 1"));
  CHECK(line_count(outcome.out) == 1);
}

TEST_CASE("linear algebra costs nothing until it is used, needs no thread, and where memory ends says so") {
  // A limit on processes binds no root: as nobody then, where nobody may run the program at all.
  const std::string become = ::geteuid() == 0 ? "setpriv --reuid=65534 --clear-groups " : "";
  const auto alone = [&](const std::string& arguments) {
    return limited(":", fmt::format("--version >/dev/null && timeout 60 sh -c \"ulimit -u 1; exec {}{} {}\"",
                                    become, fanin_path(), arguments));
  };
  if (limited(":", "--version >/dev/null && " + become + fanin_path() + " --version").code == 0) {
    const Outcome help = alone("--help"), probed = alone(probe);
    CHECK(help.code == 0);
    CHECK(holds(help.out, "Examples"));
    CAPTURE(probed.out);
    CHECK(probed.code == 0);
    CHECK(holds(probed.out, "default"));
  }
  const Outcome help = limited("ulimit -v 120000", "--help"), probed = limited("ulimit -v 120000", probe);
  CHECK(help.code == 0);
  CHECK(holds(help.out, "Examples"));
  CAPTURE(probed.out);
  CHECK(probed.code == 1);
  CHECK(line_count(probed.out) == 1);
  CHECK((holds(probed.out, "ulimit -v") || holds(probed.out, "OpenBLAS cannot be loaded")));
}

TEST_CASE("linear algebra without its library is an Error that says what to install") {
  const Outcome missing = limited("export FANIN_OPENBLAS=/nowhere/libopenblas.so.0", probe);
  CHECK(missing.code == 2);
  CHECK(line_count(missing.out) == 1);
  CHECK(holds(missing.out, "/nowhere/libopenblas.so.0"));
  const Outcome other = limited("export FANIN_OPENBLAS=libz.so.1", probe);
  CHECK(other.code == 1);
  CHECK(line_count(other.out) == 1);
  CHECK(holds(other.out, "libz.so.1"));
}

TEST_CASE("more threads than cores, in little memory, take no more than the cores do") {
  const Outcome outcome = limited("ulimit -v 600000", small_run + "256");
  CHECK(outcome.code == 0);
}

TEST_CASE("compare's jobs that the system refuses are an Error, and no run is kept") {
  const Scratch scratch;
  const std::string out = scratch / "out";
  const Outcome outcome =
      limited("ulimit -s 400000; ulimit -v 2000000",
              "compare --data synthetic --models 'mlp(hidden=16)' --schemes 'default;zeros' "
              "--seeds 4 --epochs 1 --jobs 8 --out " +
                  out);
  CHECK(outcome.code == 1);
  CHECK(holds(outcome.out, "cannot start 8 jobs at once"));
  CHECK(holds(outcome.out, "--jobs"));
  for (const auto& entry : std::filesystem::recursive_directory_iterator(out))
    CHECK(!entry.is_regular_file());
}

TEST_CASE("a model that does not fit in memory is an Error at whatever point memory ends") {
  for (const int kilobytes : {60'000, 90'000, 140'000, 200'000, 260'000}) {
    CAPTURE(kilobytes);
    const Outcome outcome = limited("ulimit -v " + std::to_string(kilobytes),
                                    "train --data synthetic --model 'mlp(hidden=4096-4096)' --epochs 1");
    CHECK(outcome.code != 0);
    CHECK(outcome.code < 3);
    CHECK(holds(outcome.out, "memory"));
  }
}

TEST_CASE(
    "inspect --json says many tensors in the memory of one; a comparison that memory ends cannot tell") {
  const Scratch scratch;
  std::string header = "{";
  for (int i = 0; i < 65'536; ++i)
    header += fmt::format(R"({}"layer.{:060}":{{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})",
                          i > 0 ? "," : "", i);
  header += "}";
  const std::string file = scratch / "many.safetensors";
  std::ofstream(file, std::ios::binary) << u64(header.size()) << header;
  CHECK(limited("ulimit -v 140000", "inspect --json " + file + " >/dev/null").code == 0);
  const Outcome outcome = limited("ulimit -v 60000", "inspect --diff " + file + " " + file);
  CHECK(outcome.code == 2);
  CHECK(holds(outcome.out, "memory"));
}

TEST_CASE("products are taken by whom the variable names; another value is one line, before any work") {
  const Scratch scratch;
  const auto trained = [&](const std::string& by, const std::string& threads) {
    const std::string file = scratch / (by + threads + ".safetensors");
    const Outcome outcome = limited("export FANIN_PRODUCTS=" + by,
                                    "train --data synthetic --model 'mlp(hidden=256)' --epochs 1 --threads " +
                                        threads + " --output " + file);
    CHECK(outcome.code == 0);
    return file;
  };
  const std::string own = trained("own", "1"), one = trained("openblas", "1"), two = trained("openblas", "2");
  CHECK(limited(":", "inspect --diff " + one + " " + two).code == 0);  // bits do not depend on threads
  CHECK(limited(":", "inspect --diff " + own + " " + one).code == 1);  // and are not ours
  CHECK(holds(limited("export FANIN_PRODUCTS=openblas", "--version").out, "products by OpenBLAS"));
  CHECK(!holds(limited("export FANIN_PRODUCTS=own", "--version").out, "products by OpenBLAS"));
  for (const char* command : {"--version", "train --data nowhere"}) {
    const Outcome wrong = limited("export FANIN_PRODUCTS=mkl", command);
    CHECK(wrong.code == 2);
    CHECK(line_count(wrong.out) == 1);
    CHECK(holds(wrong.out, "FANIN_PRODUCTS is 'mkl'"));
  }
  CHECK(limited("export FANIN_PRODUCTS=openblas; export FANIN_OPENBLAS=/nowhere.so", small_run + "1").code ==
        2);
}

#endif
