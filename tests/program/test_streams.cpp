// Where what is said cannot arrive: a full or closed stderr and stdout, a pipe without a reader, a hung-up
// terminal.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include <nlohmann/json.hpp>

#include "tests/io/scratch.hpp"
#include "tests/program/command.hpp"

namespace fs = std::filesystem;

namespace {

const std::string data = "\"synthetic(count=60, classes=3, size=8)\"";

std::string program(const char* name) {
  return fs::absolute(fs::path(fanin_path()).replace_filename(name)).string();
}

/// The exit code of a line for the shell; 128 + the signal's number when one ended it. $F is the program, $C
/// the claims.
int shell(const std::string& line) {
  const std::string all = "F=" + program("fanin") + "; C=" + program("claims") + "; " + line;
  const int status = std::system(("bash -c '" + all + "'").c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string train(const std::string& more) {
  return "$F train --model \"mlp(hidden=8)\" --data " + data + " --epochs 2 " + more;
}

std::string compare(const Scratch& scratch, const std::string& more) {
  return "$F compare --models \"mlp(hidden=8)\" --schemes \"default; zeros\" --seeds 1 --data " + data +
         " --epochs 1 --out " + (scratch / "out") + " " + more;
}

}  // namespace

TEST_CASE("streams: a run whose progress cannot be told ends as it would, with its model saved") {
  const Scratch scratch;
  const std::string usual = scratch / "usual", model = scratch / "model";
  REQUIRE(shell(train("--output " + usual + " >/dev/null 2>&1")) == 0);
  for (const char* unheard : {"2>/dev/full >/dev/null", "2>&- >/dev/null", "2>&- >&- <&-"}) {
    CAPTURE(unheard);
    fs::remove(model);
    const bool silent =
        std::string(unheard).find(">&- <&-") != std::string::npos;  // its result is not told either
    CHECK(shell(train("--output " + model + " --checkpoint " + (scratch / "run") + " " + unheard)) ==
          (silent ? 1 : 0));
    CHECK(text_of(model) == text_of(usual));
    fs::remove_all(scratch / "run");
  }
  fs::remove(model);
  CHECK(shell("trap \"\" PIPE; set -o pipefail; { " + train("--output " + model + " 2>&1 >/dev/null") +
              "; echo $? >" + (scratch / "code") + "; } | true") == 0);
  CHECK(text_of(scratch / "code") == "0\n");
  CHECK(text_of(model) == text_of(usual));
  // Without anybody's wish too: a reader of the progress that ends does not end the run.
  fs::remove(model);
  shell("{ " + train("--output " + model + " 2>&1 >/dev/null") + "; echo $? >" + (scratch / "code") +
        "; } | true");
  CHECK(text_of(scratch / "code") == "0\n");
  CHECK(text_of(model) == text_of(usual));
  CHECK(shell(compare(scratch, "2>/dev/full >/dev/null")) == 0);
  CHECK(fs::exists(scratch / "out/report.html"));
  CHECK(shell("$F train --nosuch 2>/dev/full") == 2);
}

TEST_CASE("streams: output that did not arrive is an error that says so, for every command") {
  const Scratch scratch;
  const std::string model = scratch / "m.safetensors", image = scratch / "i.bmp", error = scratch / "err";
  REQUIRE(shell(train("--output " + model + " >/dev/null 2>&1")) == 0);
  const std::string small = " --models \"mlp(hidden=8)\" --data " + data;
  for (const std::string& command : {train("--json"),
                                     train(""),
                                     compare(scratch, "--json"),
                                     compare(scratch, ""),
                                     "$F finetune --json --epochs 1 --data " + data + " --from " + model,
                                     "$F evaluate " + model + " --data " + data,
                                     "$F evaluate --json " + model + " --data " + data,
                                     std::string("$F models"),
                                     std::string("$F models --json"),
                                     std::string("$F inits"),
                                     std::string("$F inits orthogonal"),
                                     std::string("$F init zeros --shape 3"),
                                     std::string("$F plan"),
                                     std::string("$F plan --json"),
                                     "$F probe --schemes default --batch 8" + small,
                                     "$F probe --json --schemes default --batch 8" + small,
                                     "$F inspect " + model,
                                     "$F inspect --json " + model,
                                     "$F convert " + model + " " + (scratch / "c.npz"),
                                     std::string("$F --help"),
                                     std::string("$F train --help"),
                                     std::string("$F --version"),
                                     std::string("$C --list"),
                                     std::string("$C --help")}) {
    CAPTURE(command);
    CHECK(shell(command + " >/dev/full 2>" + error) == 1);
    CHECK(text_of(error).find("cannot write the output to stdout: ") != std::string::npos);
    CHECK(shell(command + " >/dev/null 2>/dev/null") == 0);
  }
  // 1 would say that the two differ.
  for (const std::string& more : {std::string(), std::string("--json ")}) {
    CHECK(shell("$F inspect --diff " + more + model + " " + model + " >/dev/full 2>" + error) == 2);
    CHECK(shell("$F inspect --diff " + more + model + " tests/reference/files/plain.npy >/dev/full 2>" +
                error) == 2);
    CHECK(text_of(error).find("cannot write the output to stdout: ") != std::string::npos);
  }
  CHECK(shell("$F inits >&- 2>" + error) == 1);
  CHECK(text_of(error).find("cannot write the output") != std::string::npos);
  // A reader that has enough: silent, as other programs are; told where the parent ignores SIGPIPE.
  CHECK(shell("set -o pipefail; { sleep 0.5; $F inits --json 2>" + error + "; } | true") == 128 + SIGPIPE);
  CHECK(text_of(error).empty());
  CHECK(shell("trap \"\" PIPE; set -o pipefail; { sleep 0.5; $F inits --json 2>" + error + "; } | true") ==
        1);
  CHECK(text_of(error).find("Broken pipe") != std::string::npos);
}

TEST_CASE(
    "streams: a disk that is full ends a comparison with an error, after its table was shown; nothing half written stays") {
  const Scratch scratch;
  // A limit on the size of files, in KiB, is as good as a full disk: the page is larger.
  CHECK(shell("ulimit -f 16; " + compare(scratch, ">" + (scratch / "table") + " 2>" + (scratch / "err"))) ==
        1);
  CHECK(text_of(scratch / "table").find("zeros") != std::string::npos);
  CHECK(text_of(scratch / "err").find("cannot write") != std::string::npos);
  for (const auto& entry : fs::recursive_directory_iterator(scratch / "out")) {
    CAPTURE(entry.path());
    CHECK(entry.path().string().find(".tmp.") == std::string::npos);
    if (entry.path().extension() == ".json") CHECK(nlohmann::json::accept(text_of(entry.path().string())));
  }
}

TEST_CASE(
    "streams: SIGHUP and SIGTERM end a run with its checkpoint, and it goes on; what the parent ignores stays ignored") {
  const Scratch scratch;
  const std::string folder = scratch / "run", error = scratch / "err";
  const std::string long_run = "$F train --model \"mlp(hidden=8)\" --data " + data +
                               " --epochs 100000 --checkpoint-every 200 --checkpoint " + folder;
  const std::string begun = "until ls " + folder + "/step-* >/dev/null 2>&1; do sleep 0.02; done; ";
  for (const char* signal : {"HUP", "TERM", "INT"}) {
    CAPTURE(signal);
    fs::remove_all(folder);
    // A job in the background of a script has SIGINT ignored: setsid and env give it back.
    CHECK(shell("env --default-signal=INT " + long_run.substr(0) + " >/dev/null 2>" + error + " & " + begun +
                "kill -" + signal + " $!; wait $!") == 1);
    CHECK(text_of(error).find("interrupted at step") != std::string::npos);
  }
  const std::string short_run = "$F train --model \"mlp(hidden=8)\" --data " + data +
                                " --epochs 400 --checkpoint-every 20 --checkpoint " + folder;
  for (const char* signal : {"HUP", "TERM", "INT"}) {
    CAPTURE(signal);
    fs::remove_all(folder);
    CHECK(shell("trap \"\" " + std::string(signal) + "; " + short_run + " >/dev/null 2>" + error + " & " +
                begun + "kill -" + signal + " $!; wait $!") == 0);
  }
}
