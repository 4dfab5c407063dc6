// Started by mpirun, as one process or several: the bits of one, whatever is shared out.
#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include <nlohmann/json.hpp>

#include <fanin/core/version.hpp>

#include "tests/io/scratch.hpp"
#include "tests/program/command.hpp"

using nlohmann::json;
using Arguments = std::vector<std::string>;

namespace {

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Without what a clock decided, and without the folder that it was written to.
json timeless(json value) {
  for (const char* name : {"seconds", "samples_per_s", "train_seconds", "command", "date"})
    if (value.is_object()) value.erase(name);
  if (value.is_structured())
    for (auto& one : value) one = timeless(one);
  return value;
}

json results_in(const std::string& folder) {
  return timeless(json::parse(bytes_of(folder + "/results.json")));
}

const std::string data = "synthetic(count=60, classes=2, size=8)";

Arguments comparison(const std::string& out) {
  return {"compare",
          "--models",
          "mlp(hidden=4); mlp(hidden=8-8)",
          "--schemes",
          "default; zeros; orthogonal",
          "--data",
          data,
          "--epochs",
          "2",
          "--batch",
          "16",
          "--seeds",
          "3",
          "--jobs",
          "1",
          "--out",
          out};
}

Arguments training(const std::string& output, const Arguments& more = {}) {
  Arguments all = {"train",       "--model", "mlp(hidden=16, batch_norm=true, dropout=0.2)",
                   "--data",      data,      "--epochs",
                   "2",           "--batch", "24",
                   "--optimizer", "adam",    "--output",
                   output};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

/// Lines of the program's own, among mpirun's.
int own_lines(const std::string& text) {
  int count = 0;
  for (std::size_t at = text.find("fanin: "); at != std::string::npos; at = text.find("fanin: ", at + 1))
    count += at == 0 || text[at - 1] == '\n';
  return count;
}

}  // namespace

TEST_CASE("ranks: a comparison is the same to the bit on 1, 2, 4 and 8 of them as in one process") {
  if (!can_start_ranks()) return;
  const Scratch scratch;
  REQUIRE(fanin_command(comparison(scratch / "alone")).code == 0);
  const json alone = results_in(scratch / "alone");
  REQUIRE(alone.at("runs").size() == 18);
  for (const int ranks : {1, 2, 4, 8}) {
    CAPTURE(ranks);
    const std::string out = scratch / ("on" + std::to_string(ranks));
    const Outcome outcome = fanin_on_ranks({{ranks, comparison(out)}});
    CAPTURE(outcome.err);
    REQUIRE(outcome.code == 0);
    CHECK(results_in(out) == alone);
    CHECK(outcome.err.find("[18/18]") != std::string::npos);
    CHECK(outcome.err.find(", " + std::to_string(ranks) + " at a time") != std::string::npos);
    // One process finds what they have kept.
    const Outcome again = fanin_command(comparison(out));
    CHECK(again.err.find("18 runs taken from") != std::string::npos);
    CHECK(results_in(out) == alone);
  }
}

TEST_CASE("ranks: tuned rates and adaptive seeds are the same as well") {
  if (!can_start_ranks()) return;
  const Scratch scratch;
  const auto tuned = [](const std::string& out) {
    return Arguments{"compare",
                     "--models",
                     "mlp(hidden=4)",
                     "--schemes",
                     "default; orthogonal",
                     "--data",
                     "synthetic(count=200, classes=2, size=8)",
                     "--epochs",
                     "4",
                     "--batch",
                     "16",
                     "--seeds",
                     "4",
                     "--until",
                     "2",
                     "--tune",
                     "--jobs",
                     "1",
                     "--out",
                     out};
  };
  REQUIRE(fanin_command(tuned(scratch / "alone")).code == 0);
  REQUIRE(fanin_on_ranks({{3, tuned(scratch / "shared")}}).code == 0);
  CHECK(results_in(scratch / "shared") == results_in(scratch / "alone"));
}

TEST_CASE("ranks: the log has every run's lines, whoever made it") {
  if (!can_start_ranks()) return;
  const Scratch scratch;
  const auto lines_by = [&](const std::string& name, auto start) {
    Arguments arguments = comparison(scratch / name);
    arguments.insert(arguments.end(), {"--log", scratch / (name + ".log")});
    REQUIRE(start(arguments).code == 0);
    std::multiset<std::string> lines;
    std::ifstream file(scratch / (name + ".log"));
    for (std::string line; std::getline(file, line);) {
      json one = timeless(json::parse(line));
      one.erase("time");
      lines.insert(one.dump());
    }
    return lines;
  };
  const auto alone = lines_by("alone", [](const Arguments& all) { return fanin_command(all); });
  CHECK(alone.size() > 100);
  CHECK(lines_by("shared", [](const Arguments& all) { return fanin_on_ranks({{3, all}}); }) == alone);
}

TEST_CASE("ranks: what is wrong for all is told once") {
  if (!can_start_ranks()) return;
  const Scratch scratch;
  for (const Arguments& wrong : {Arguments{"compare", "--sedes", "3"},
                                 {"compare", "--models", "lennet"},
                                 {"compare", "--data", "no-such-set"},
                                 {"train", "--data", "no-such-set"},
                                 {"train", "--shards", "3", "--data", data, "--model", "mlp"}}) {
    CAPTURE(wrong.back());
    Arguments all = wrong;
    if (wrong[0] == "compare") all.insert(all.end(), {"--out", scratch / "out"});
    const Outcome outcome = fanin_on_ranks({{4, all}});
    CAPTURE(outcome.err);
    CHECK(outcome.code == 2);
    CHECK(own_lines(outcome.err) + (outcome.err.find("fanin, rank") != std::string::npos) == 1);
  }
  CHECK(fanin_on_ranks({{3, {"compare", "--help"}}}).out == fanin_command({"compare", "--help"}).out);
}

TEST_CASE("ranks: other words or other data on one of them are told before any work, in one line") {
  if (!can_start_ranks()) return;
  const Scratch scratch;
  Arguments first = comparison(scratch / "out"), second = first;
  second[8] = "3";  // epochs
  const Outcome words = fanin_on_ranks({{2, first}, {1, second}});
  CAPTURE(words.err);
  CHECK(words.code == 2);
  CHECK(own_lines(words.err) == 1);
  CHECK(words.err.find("rank 2") != std::string::npos);
  CHECK(words.err.find("another command line") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(scratch / "out"));
}

TEST_CASE("ranks: that they compute by different kernels is told, and is no error") {
  if (!can_start_ranks()) return;
  const Scratch scratch;
  const Arguments words = training(scratch / "model.safetensors", {"--shards", "2"});
  Arguments other = {"FANIN_PRODUCTS=openblas", fanin_path()};
  other.insert(other.end(), words.begin(), words.end());
  const Outcome mixed = fanin_on_ranks({{1, words}, {1, other, "/usr/bin/env"}});
  CAPTURE(mixed.err);
  CHECK(mixed.code == 0);
  CHECK(mixed.err.find("note: rank 1 computes with ") != std::string::npos);
  const Outcome alike = fanin_on_ranks({{2, words}});
  CHECK(alike.code == 0);
  CHECK(alike.err.find("computes with") == std::string::npos);
}

TEST_CASE(
    "ranks: an interrupted comparison reports what is finished, and goes on with another number of them") {
  if (!can_start_ranks()) return;
  const Scratch scratch;
  const auto slow = [](const std::string& out) {
    return Arguments{"compare",
                     "--models",
                     "lenet",
                     "--schemes",
                     "default; orthogonal; xavier_normal",
                     "--data",
                     "synthetic(count=1500)",
                     "--epochs",
                     "2",
                     "--seeds",
                     "4",
                     "--jobs",
                     "1",
                     "--out",
                     out};
  };
  const std::string out = scratch / "out";
  const Outcome stopped = fanin_on_ranks({{2, slow(out)}}, out + "/runs");
  CAPTURE(stopped.err);
  CHECK(stopped.code != 0);
  CHECK(stopped.err.find("interrupted: the report covers the ") != std::string::npos);
  const auto finished = json::parse(bytes_of(out + "/results.json")).at("runs").size();
  CHECK(finished >= 1);
  CHECK(finished < 12);
  const Outcome rest = fanin_on_ranks({{3, slow(out)}});
  CAPTURE(rest.err);
  REQUIRE(rest.code == 0);
  CHECK(rest.err.find(std::to_string(finished) + " run") != std::string::npos);
  REQUIRE(fanin_command(slow(scratch / "alone")).code == 0);
  CHECK(results_in(out) == results_in(scratch / "alone"));
}

TEST_CASE("ranks: training gives the bits of one process with as many shards, on 1, 2, 4 and 8 of them") {
  if (!can_start_ranks()) return;
  const Scratch scratch;
  REQUIRE(fanin_command(training(scratch / "alone", {"--shards", "8"})).code == 0);
  const std::string alone = bytes_of(scratch / "alone");
  REQUIRE_FALSE(alone.empty());
  for (const int ranks : {1, 2, 4, 8}) {
    CAPTURE(ranks);
    const std::string output = scratch / ("on" + std::to_string(ranks));
    const Outcome outcome = fanin_on_ranks({{ranks, training(output)}});
    CAPTURE(outcome.err);
    REQUIRE(outcome.code == 0);
    CHECK(bytes_of(output) == alone);
  }
}

TEST_CASE("ranks: a training goes on from its checkpoint with another number of them, to the same bits") {
  if (!can_start_ranks()) return;
  const Scratch scratch;
  const Arguments kept = {"--checkpoint", scratch / "run", "--resume", "--shards", "4"};
  Arguments whole = training(scratch / "whole", {"--shards", "4"}), part = training(scratch / "part", kept);
  REQUIRE(fanin_command(whole).code == 0);
  part[6] = "1";
  REQUIRE(fanin_on_ranks({{2, part}}).code == 0);
  const Outcome rest = fanin_on_ranks({{4, training(scratch / "rest", kept)}});
  CAPTURE(rest.err);
  REQUIRE(rest.code == 0);
  CHECK(rest.err.find("resuming from") != std::string::npos);
  CHECK(bytes_of(scratch / "rest") == bytes_of(scratch / "whole"));
}

TEST_CASE("ranks: batch statistics of all shards, to the bits of one process, and near those of one shard") {
  if (!can_start_ranks()) return;
  const Scratch scratch;
  const Arguments synced = {"--shards", "8", "--sync-batch-norm"};
  REQUIRE(fanin_command(training(scratch / "alone", synced)).code == 0);
  const std::string alone = bytes_of(scratch / "alone");
  for (const int ranks : {1, 2, 4, 8}) {
    CAPTURE(ranks);
    const std::string output = scratch / ("on" + std::to_string(ranks));
    const Outcome outcome = fanin_on_ranks({{ranks, training(output, synced)}});
    CAPTURE(outcome.err);
    REQUIRE(outcome.code == 0);
    CHECK(bytes_of(output) == alone);
  }
  // Without dropout, of which each shard draws its own: the first epoch's loss is that of the batch in one piece.
  const auto loss = [&](const Arguments& more) {
    Arguments all = {
        "train", "--model", "mlp(hidden=16, batch_norm=true)", "--data", data, "--epochs", "1", "--batch",
        "30",    "--json"};
    all.insert(all.end(), more.begin(), more.end());
    const Outcome outcome = fanin_command(all);
    CAPTURE(outcome.err);
    REQUIRE(outcome.code == 0);
    return json::parse(outcome.out).at("history").at(0).at("train_loss").get<double>();
  };
  const double whole = loss({});
  CHECK(loss(synced) == doctest::Approx(whole).epsilon(1e-5));
  CHECK(std::abs(loss({"--shards", "8"}) - whole) > 1e-3 * whole);
  for (const char* command : {"train", "compare"}) {
    Arguments plain = {command, "--model", "mlp(hidden=4)", "--data", data, "--sync-batch-norm"};
    if (plain[0] == "compare") plain.insert(plain.end(), {"--out", scratch / "none"});
    const Outcome outcome = fanin_on_ranks({{2, plain}});
    CAPTURE(outcome.err);
    CHECK(outcome.code == 2);
    CHECK(outcome.err.find("no batch normalization") != std::string::npos);
    CHECK(own_lines(outcome.err) + (outcome.err.find("fanin, rank") != std::string::npos) == 1);
  }
}

TEST_CASE("ranks: fine-tuning gives the bits of one process, and goes on with another number of them") {
  if (!can_start_ranks()) return;
  const Scratch scratch;
  REQUIRE(fanin_command(training(scratch / "start", {"--seed", "3"})).code == 0);
  const auto tuned = [&](const std::string& output, const std::string& epochs, const Arguments& more = {}) {
    Arguments all = {"finetune",  "--from",   scratch / "start",
                     "--data",    data,       "--batch",
                     "24",        "--shards", "4",
                     "--lr-body", "0.01",     "--unfreeze-every",
                     "1",         "--epochs", epochs,
                     "--output",  output};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  const Outcome one = fanin_command(tuned(scratch / "alone", "2"));
  REQUIRE(one.code == 0);
  const std::string alone = bytes_of(scratch / "alone");
  for (const int ranks : {1, 2, 4}) {
    CAPTURE(ranks);
    const std::string output = scratch / ("on" + std::to_string(ranks));
    const Outcome outcome = fanin_on_ranks({{ranks, tuned(output, "2")}});
    CAPTURE(outcome.err);
    REQUIRE(outcome.code == 0);
    CHECK(bytes_of(output) == alone);
    CHECK(outcome.out == one.out);
  }
  const Arguments kept = {"--checkpoint", scratch / "run", "--resume"};
  REQUIRE(fanin_on_ranks({{2, tuned(scratch / "part", "1", kept)}}).code == 0);
  const Outcome rest = fanin_on_ranks({{4, tuned(scratch / "rest", "2", kept)}});
  CAPTURE(rest.err);
  REQUIRE(rest.code == 0);
  CHECK(rest.err.find("resuming from") != std::string::npos);
  CHECK(bytes_of(scratch / "rest") == alone);
  Arguments none = tuned(scratch / "none", "1");
  none[2] = scratch / "no such file";
  const Outcome refused = fanin_on_ranks({{3, none}});
  CAPTURE(refused.err);
  CHECK(refused.code == 1);
  CHECK(own_lines(refused.err) == 1);
}

TEST_CASE(
    "ranks: another version or build of the program on one of them is told before any work, in one line") {
  if (!can_start_ranks()) return;
  const Scratch scratch;
  std::filesystem::copy_file(std::filesystem::path(fanin_path()).replace_filename("libfanin_mpi.so"),
                             scratch / "libfanin_mpi.so");
  // The same program but for its version, or for its build id: the first byte behind the head of the linker's note.
  const std::string version = std::string(fanin::version) + '\0', note("\3\0\0\0GNU", 8);
  for (const std::string& mark : {version, note}) {
    const bool is_version = mark == version;
    CAPTURE(is_version);
    std::string program = bytes_of(fanin_path());
    int found = 0;
    for (std::size_t at = program.find(mark); at != std::string::npos; at = program.find(mark, at + 1)) {
      program[is_version ? at : at + mark.size()] ^= 8;
      ++found;
    }
    REQUIRE(found > 0);
    std::ofstream(scratch / "fanin", std::ios::binary) << program;
    std::filesystem::permissions(scratch / "fanin", std::filesystem::perms::owner_all);
    const Arguments all = comparison(scratch / "out");
    const Outcome outcome = fanin_on_ranks({{1, all}, {1, all, scratch / "fanin"}});
    CAPTURE(outcome.err);
    CHECK(outcome.code == 2);
    CHECK(own_lines(outcome.err) == 1);
    CHECK(outcome.err.find(is_version ? "another version" : "another build") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(scratch / "out"));
  }
}
