// Runs that a comparison keeps: whatever lies in their place, no run is taken from it but the one that was
// kept, and nothing waits.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

#include <fanin/compare/kept_runs.hpp>
#include <fanin/compare/results_json.hpp>

#include "tests/io/scratch.hpp"

using namespace fanin;
using namespace fanin::compare;
using namespace fanin::probe;
namespace fs = std::filesystem;

namespace {

Run some_run() {
  Run run{.model = "mlp", .scheme = "default", .seed = 3};
  run.test_accuracy = 0.875;
  run.history = {{.epoch = 1, .train_loss = 0.5}};
  run.loss_curve = {{0, 2.25}};
  return run;
}

std::string only_file(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path().string());
  REQUIRE(files.size() == 1);
  return files[0];
}

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

}  // namespace

TEST_CASE("kept runs: any damage is told by the file's name, and the run can be kept there again") {
  const Scratch scratch;
  const std::string folder = scratch / "runs";
  std::vector<std::string> notices;
  const KeptRuns kept(folder, [&](const std::string& notice) { notices.push_back(notice); });
  const Run run = some_run();
  CHECK_FALSE(kept.find(run, "lr=0.1"));
  CHECK(notices.empty());
  kept.keep(run, run, "lr=0.1");
  const std::string path = only_file(folder), whole = bytes_of(path);
  REQUIRE(kept.find(run, "lr=0.1"));
  CHECK(run_json(*kept.find(run, "lr=0.1")) == run_json(run));
  CHECK_FALSE(kept.find(run, "lr=0.2"));
  CHECK(notices.empty());

  const std::vector<std::pair<const char*, std::function<void()>>> damages = {
      {"empty", [&] { write(path, ""); }},
      {"truncated", [&] { write(path, whole.substr(0, whole.size() / 2)); }},
      {"without its last byte", [&] { write(path, whole.substr(0, whole.size() - 1)); }},
      {"a number changed",
       [&] {
         std::string other = whole;
         other[other.find("0.875") + 2] = '9';
         write(path, other);
       }},
      {"a number no double holds",
       [&] {
         std::string other = whole;
         other.replace(other.find("0.875"), 5, "1e999999");
         write(path, other);
       }},
      {"the old form, without a checksum", [&] { write(path, run_json(run)); }},
      {"deep", [&] { write(path, std::string(1'000'000, '[')); }},
      {"no text", [&] { write(path, std::string(1000, '\xff')); }},
      {"a FIFO",
       [&] {
         fs::remove(path);
         REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
       }},
      {"a folder",
       [&] {
         fs::remove(path);
         fs::create_directory(path);
         write(path + "/mine", "x");
       }},
      {"a link to itself",
       [&] {
         fs::remove(path);
         fs::create_symlink(path, path);
       }},
      {"a link to nothing",
       [&] {
         fs::remove(path);
         fs::create_symlink(scratch / "nothing", path);
       }},
      {"a device",
       [&] {
         fs::remove(path);
         fs::create_symlink("/dev/zero", path);
       }},
      {"huge",
       [&] {
         write(path, "x");
         fs::resize_file(path, std::uintmax_t{1} << 40);
       }},
  };
  for (const auto& [the_what, damage] : damages) {
    const auto& what = the_what;  // clang 14 captures no structured binding
    CAPTURE(what);
    damage();
    notices.clear();
    CHECK_FALSE(kept.find(run, "lr=0.1"));
    REQUIRE(notices.size() == 1);
    CHECK(notices[0].find(path) != std::string::npos);
    CHECK(notices[0].find("mlp / default / seed 3 anew") != std::string::npos);
    kept.keep(run, run, "lr=0.1");
    CHECK(notices.size() == 1);
    CHECK(bytes_of(path) == whole);
    REQUIRE(kept.find(run, "lr=0.1"));
  }
  bool mine = false;  // what was in a folder is moved, not lost
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    mine = mine || entry.path().filename() == "mine";
  CHECK(mine);
}

TEST_CASE("kept runs: a whole file under another run's name is not taken for that run") {
  const Scratch scratch;
  const std::string folder = scratch / "runs";
  std::vector<std::string> notices;
  const KeptRuns kept(folder, [&](const std::string& notice) { notices.push_back(notice); });
  const Run run = some_run();
  kept.keep(run, run, "lr=0.1");
  const std::string bytes = bytes_of(only_file(folder));
  fs::remove(only_file(folder));
  kept.keep(run, run, "lr=0.2");
  write(only_file(folder), bytes);
  CHECK_FALSE(kept.find(run, "lr=0.2"));
  REQUIRE(notices.size() == 1);
  CHECK(notices[0].find("other settings") != std::string::npos);
}

TEST_CASE("kept runs: one that cannot be written is told, and lost alone") {
  const Scratch scratch;
  std::vector<std::string> notices;
  const KeptRuns kept(scratch / "runs", [&](const std::string& notice) { notices.push_back(notice); });
  fs::remove_all(scratch / "runs");
  const Run run = some_run();
  CHECK_NOTHROW(kept.keep(run, run, "x"));
  REQUIRE(notices.size() == 1);
  CHECK(notices[0].find("cannot be kept") != std::string::npos);
}
