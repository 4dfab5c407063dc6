// Training, validation and test sets through the program: who sees what, and the log that tells of it.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <iterator>

#include <nlohmann/json.hpp>

#include <fanin/random/generator.hpp>

#include "tests/datasets/files.hpp"
#include "tests/io/scratch.hpp"
#include "tests/message.hpp"
#include "tests/program/command.hpp"

using nlohmann::json;
using Arguments = std::vector<std::string>;

namespace {

const std::string small = "synthetic(count=120, classes=3, size=6)";

/// Images of 6x6 pixels in 3 classes, each brighter in a third of its rows; or, poisoned, noise under any
/// label.
void write_set(const std::string& folder, const std::string& name, std::uint32_t count, bool poisoned) {
  fanin::Generator gen(count);
  Bytes pixels, labels;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto label = static_cast<std::uint8_t>(poisoned ? gen.below(3) : i % 3);
    labels.push_back(label);
    for (int row = 0; row < 6; ++row)
      for (int column = 0; column < 6; ++column)
        pixels.push_back(static_cast<std::uint8_t>((!poisoned && row / 2 == label ? 90 : 0) +
                                                   gen.below(poisoned ? 256 : 120)));
  }
  write_bytes(folder + "/" + name + "-images-idx3-ubyte", idx_images(pixels, count, 6, 6));
  write_bytes(folder + "/" + name + "-labels-idx1-ubyte", idx_labels(labels));
}

Outcome succeeded(const Arguments& arguments) {
  Outcome outcome = fanin_command(arguments);
  REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
  return outcome;
}

std::vector<json> log_lines(const std::string& path) {
  std::vector<json> all;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) all.push_back(json::parse(line));
  return all;
}

/// A run's JSON without times and without what is from the test set.
json chosen(json run) {
  for (const char* key : {"test_accuracy", "test_loss", "samples_per_s", "seconds", "macro_f1",
                          "balanced_accuracy", "classes", "confusion"})
    run.erase(key);
  for (auto& epoch : run["history"]) epoch.erase("seconds");
  return run;
}

}  // namespace

TEST_CASE(
    "program: test images of noise move no recommendation, no start and no epoch, only the test's figure") {
  const Scratch scratch;
  const std::string data = "idx(" + scratch.folder() + ", classes=3)";
  const std::vector<Arguments> commands = {
      {"probe", "--models", "mlp(hidden=12-12)", "--data", data, "--json"},
      {"plan", "--model", "mlp(hidden=12)", "--init", "lsuv", "--data", data, "--json"},
      {"train", "--model", "mlp(hidden=12)", "--init", "lsuv", "--data", data, "--epochs", "6", "--batch",
       "16", "--lr", "0.5", "--patience", "2", "--restore-best", "--json"},
      {"train", "--model", "mlp(hidden=12)", "--data", data, "--epochs", "4", "--best-by", "loss",
       "--restore-best", "--validation", "40", "--json"}};
  std::vector<json> clean;
  write_set(scratch.folder(), "train", 180, false);
  write_set(scratch.folder(), "t10k", 90, false);
  for (const auto& command : commands) clean.push_back(json::parse(succeeded(command).out));
  write_set(scratch.folder(), "t10k", 90, true);
  for (std::size_t i = 0; i < commands.size(); ++i) {
    CAPTURE(commands[i][0]);
    const json poisoned = json::parse(succeeded(commands[i]).out);
    if (commands[i][0] != "train") {
      CHECK(poisoned == clean[i]);
      continue;
    }
    CHECK(chosen(poisoned) == chosen(clean[i]));
    CHECK(poisoned.at("test_accuracy") != clean[i].at("test_accuracy"));
    CHECK(poisoned.at("best_epoch").is_number());
  }
}

TEST_CASE("program: the header and the results say which set a figure is from") {
  const Arguments base = {"train", "--model", "mlp(hidden=8)", "--data", small, "--epochs", "2"};
  const auto with = [&](const Arguments& more) {
    Arguments all = base;
    all.insert(all.end(), more.begin(), more.end());
    return succeeded(all);
  };
  const Outcome plain = with({});
  CHECK(holds(plain.err, "120 training and 30 test images\n"));
  CHECK(holds(plain.err, "test accuracy"));
  CHECK_FALSE(holds(plain.err + plain.out, "validation"));
  CHECK(plain.out.starts_with("test accuracy "));
  const Outcome chosen = with({"--patience", "9"});
  CHECK(holds(
      chosen.err,
      "108 training, 12 validation and 30 test images (--validation 0.1 of the training set, each class in "
      "proportion, --data-seed 0)\n"));
  CHECK(holds(chosen.err, "validation accuracy"));
  CHECK_FALSE(holds(chosen.err, "test accuracy"));  // it waits for the end
  CHECK(chosen.out.starts_with("validation accuracy "));
  CHECK(holds(chosen.out, "\ntest accuracy "));
  const json given = json::parse(with({"--validation", "30", "--data-seed", "2", "--json"}).out);
  CHECK(given.at("settings").at("validation") == 30);
  CHECK(given.at("settings").at("data_seed") == 2);
  CHECK(given.at("validation_accuracy").is_number());
  CHECK(given.at("history").at(1).at("validation_accuracy") == given.at("validation_accuracy"));
  CHECK(given.at("history").at(1).at("test_accuracy").is_null());
  CHECK(json::parse(with({"--patience", "9", "--json"}).out).at("settings").at("validation") == 0.1);
  CHECK(json::parse(with({"--json"}).out).at("settings").at("validation") == "none");
}

TEST_CASE("program: what cannot be set aside, or logged, is one line") {
  struct Case {
    Arguments more;
    int code;
    const char* says;
  };
  const Case cases[] = {
      {{"--validation", "1.5"}, 2, "validation: 1.5 is neither a share"},
      {{"--validation", "-0.1"}, 2, "validation: -0.1 is neither a share"},
      {{"--validation", "some"},
       2,
       "validation: 'some' is neither a share (0.1), a number of images (5000) nor none"},
      {{"--validation", "0.001"}, 2, "0 of 120 training images for validation are too few for 3 classes"},
      {{"--validation", "119"}, 2, "give --validation 117 or less"},
      {{"--data-seed", "-1", "--validation", "0.1"}, 2, "--data-seed"},
      {{"--data-seed", "x"}, 2, "--data-seed"},
      {{"--log", "/no/such/folder/run.jsonl"},
       1,
       "/no/such/folder/run.jsonl: the log cannot be written: No such file"},
      {{"--log", "/"}, 1, "/: the log cannot be written: Is a directory"}};
  for (const auto& one : cases) {
    Arguments arguments = {"train", "--model", "mlp(hidden=4)", "--data", small, "--epochs", "1"};
    arguments.insert(arguments.end(), one.more.begin(), one.more.end());
    const std::string says = one.says;
    CAPTURE(says);
    const Outcome outcome = fanin_command(arguments);
    CAPTURE(outcome.err);
    CHECK(outcome.code == one.code);
    CHECK(holds(outcome.err, says));
  }
  const Outcome few =
      fanin_command({"train", "--model", "mlp(hidden=4)", "--data",
                     "synthetic(count=120, classes=3, size=6, per_class=3)", "--patience", "2"});
  CHECK(few.code == 2);
  CHECK(holds(few.err, "1 of 9 training images for validation are too few for 3 classes"));
}

TEST_CASE("program: a log is read line by line, and goes on where a run is resumed") {
  const Scratch scratch;
  const std::string log = scratch / "run.jsonl";
  const Arguments base = {"train",   "--model",      "mlp(hidden=4)", "--data",  small,
                          "--batch", "40",           "--log",         log,       "--validation",
                          "0.25",    "--checkpoint", scratch / "run", "--epochs"};
  const auto epochs = [&](const char* count, bool resume) {
    Arguments all = base;
    all.emplace_back(count);
    if (resume) all.emplace_back("--resume");
    return succeeded(all);
  };
  epochs("2", false);
  const auto first = log_lines(log);
  REQUIRE(first.size() == 1 + 2 * 3 + 2 + 1);
  CHECK(first[0].at("kind") == "run");
  CHECK(first[0].at("command") == "train");
  CHECK(first[0].at("model") == "mlp(hidden=4)");
  CHECK(first[0].at("data") == small);
  CHECK(first[0].at("settings").at("validation") == 0.25);
  CHECK(first.back().at("kind") == "end");
  epochs("3", true);
  const auto all = log_lines(log);
  REQUIRE(all.size() == first.size() + 1 + 3 + 1 + 1);
  for (std::size_t i = 0; i < first.size(); ++i) CHECK(all[i] == first[i]);
  CHECK(all[first.size()].at("kind") == "run");
  CHECK(all[first.size()].at("step") == 6);
  CHECK(all[first.size() + 1].at("step") == 7);
  CHECK(all.back().at("steps") == 9);

  succeeded({"train", "--model", "mlp(hidden=4)", "--data", small, "--epochs", "1", "--log", log, "--output",
             scratch / "m.safetensors"});
  CHECK(log_lines(log).size() == 1 + 2 + 1 + 1);  // a run of its own begins anew
  succeeded(
      {"finetune", "--from", scratch / "m.safetensors", "--data", small, "--epochs", "1", "--log", log});
  CHECK(log_lines(log)[0].at("command") == "finetune");
}

TEST_CASE("program: a log that cannot be written ends no run, and is told") {
  const Scratch scratch;
  const Outcome full = fanin_command({"train", "--model", "mlp(hidden=4)", "--data", small, "--epochs", "2",
                                      "--log", "/dev/full", "--output", scratch / "m.safetensors"});
  CHECK(full.code == 1);
  CHECK(holds(full.err, "/dev/full: the log cannot be written: No space left on device; the run goes on"));
  CHECK(holds(full.err, "/dev/full: 8 lines of the log could not be written"));
  CHECK(holds(full.out, "test accuracy"));
  CHECK(fanin_command({"evaluate", scratch / "m.safetensors", "--data", small}).code == 0);
  CHECK(
      fanin_command({"evaluate", scratch / "m.safetensors", "--data", small, "--split", "validation"}).code ==
      2);
}
