// Several learning rates, optimizers and batch sizes in one comparison, and rates that are tuned: what the
// program takes, what it refuses, and what it writes.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

#include <nlohmann/json.hpp>

#include "tests/io/scratch.hpp"
#include "tests/program/command.hpp"

using nlohmann::json;

namespace {

/// The command of a small comparison; `more` sets flags, in place of what is set here.
std::vector<std::string> compared(const std::string& out, const std::vector<std::string>& more) {
  std::vector<std::string> all = {"compare", "--json"};
  const std::vector<std::string> usual[] = {{"--models", "mlp(hidden=4)"},
                                            {"--schemes", "default; zeros"},
                                            {"--data", "synthetic(count=120, classes=3, size=8)"},
                                            {"--epochs", "3"},
                                            {"--batch", "8"},
                                            {"--seeds", "2"},
                                            {"--jobs", "2"},
                                            {"--out", out}};
  for (const auto& flag : usual)
    if (std::find(more.begin(), more.end(), flag[0]) == more.end())
      all.insert(all.end(), flag.begin(), flag.end());
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

json results_of(const std::vector<std::string>& arguments) {
  const Outcome outcome = fanin_command(arguments);
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  return json::parse(outcome.out);
}

}  // namespace

TEST_CASE("axes: a list that is no axis is refused by its flag and the place that is wrong") {
  const Scratch scratch;
  std::string long_list = "1";
  for (int i = 2; i <= 10'000; ++i) long_list += "," + std::to_string(i);
  const std::vector<std::pair<std::vector<std::string>, std::string>> wrong = {
      {{"--lr", "0.1,,"}, "--lr: '0.1,,' has an empty place"},
      {{"--lr", ","}, "--lr: ',' has an empty place"},
      {{"--lr", "0.1, -0.1"}, "--lr: a rate of a list must be a finite number > 0, got -0.1"},
      {{"--lr", "0.1, 0"}, "must be a finite number > 0, got 0"},
      {{"--lr", "0.1, nan"}, "must be a finite number > 0, got nan"},
      {{"--lr", "0.1, inf"}, "must be a finite number > 0, got inf"},
      {{"--lr", "0.1, 1e999"}, "--lr: '1e999' is not a number"},
      {{"--lr", "0.1, fast"}, "--lr: 'fast' is not a number"},
      {{"--lr", "0.1, 1e-1"}, "--lr: 0.1 stands there twice"},
      {{"--lr", long_list}, "--lr: a list of more than 64 values"},
      {{"--batch", "8, 0"}, "--batch must be at least 1, got 0"},
      {{"--batch", "8, 16.5"}, "--batch: '16.5' is not a whole number"},
      {{"--batch", "8; 8"}, "--batch: 8 stands there twice"},
      {{"--optimizer", "sgd; sdg"}, "sdg"},
      {{"--optimizer", "sgd; sgd"}, "--optimizer: sgd stands there twice"},
      {{"--optimizer", "sgd;"}, "--optimizer: 'sgd;' has an empty place"},
      {{"--first-seed", "18446744073709551615"},
       "--first-seed 18446744073709551615 leaves no room for 2 seeds"},
      {{"--tune", "--lr", "0"}, "--tune needs a learning rate above 0"},
      {{"--until", "-1"}, "--until must be between 0 and 100 points, got -1"},
      {{"--until", "nan"}, "--until must be between 0 and 100 points, got nan"},
      {{"--margin", "0"}, "--margin must be above 0 and at most 100 points, got 0"},
      {{"--margin", "nan"}, "--margin must be above 0 and at most 100 points, got nan"}};
  for (const auto& one : wrong) {
    const std::string& flag = one.first.back();
    CAPTURE(flag.substr(0, 100));
    const Outcome outcome = fanin_command(compared(scratch / "out", one.first));
    CHECK(outcome.code == 2);
    CHECK_MESSAGE(outcome.err.find(one.second) != std::string::npos, outcome.err);
    CHECK(outcome.err.size() < 500);
  }
}

TEST_CASE("axes: each rate, optimizer and batch has a table, and rates have windows") {
  const Scratch scratch;
  const json results = results_of(compared(scratch / "out", {"--lr", "0.01, 0.1", "--optimizer", "sgd; adam",
                                                             "--batch", "8, 16", "--seeds", "1"}));
  CHECK(results["settings"]["training"]["lr"] == "0.01, 0.1");
  CHECK(results["settings"]["training"]["optimizer"] == "sgd; adam");
  CHECK(results["settings"]["training"]["batch"] == "8, 16");
  CHECK(results["settings"]["models"].size() == 8);
  CHECK(results["settings"]["models"][0] == "mlp(hidden=4), sgd, batch 8, lr 0.01");
  CHECK(results["runs"].size() == 16);
  std::set<std::string> places;
  for (const auto& run : results["runs"]) {
    CHECK(run["rate"] == "common");
    CHECK(run["validation_accuracy"].is_number());
    places.insert(run["optimizer"].get<std::string>() + run["lr"].dump() + " " + run["batch"].dump());
  }
  CHECK(places.size() == 8);
  REQUIRE(results["windows"].size() == 8);
  CHECK(results["windows"][0]["subject"] == "mlp(hidden=4), sgd, batch 8");
  CHECK(results["windows"][1]["scheme"] == "zeros");
  CHECK(results["windows"][1]["factor"].is_null());  // learns nothing at any rate
  std::ifstream csv(scratch / "out/results.csv");
  const std::string header((std::istreambuf_iterator<char>(csv)), {});
  CHECK(header.find("lr,rate,optimizer,batch") != std::string::npos);
  CHECK(header.find("0.01,common,sgd,8") != std::string::npos);
}

TEST_CASE(
    "tuning: every scheme runs at the common rate and at its own, chosen by seeds that are not reported") {
  const Scratch scratch;
  const auto command = compared(scratch / "out", {"--tune", "--lr", "0.05", "--first-seed", "1000000"});
  const json results = results_of(command);
  CHECK(results["settings"]["training"]["tune"] == true);
  CHECK(results["settings"]["extra"]["tuning_budget"] == "2 whole runs for each scheme");
  CHECK(results["settings"]["extra"]["rates_chosen_on"] == "12 validation images");
  CHECK(results["runs"].size() == 8);
  CHECK(results["tuning"].size() == 28);
  for (const auto& run : results["tuning"]) {
    CHECK(run["seed"].get<std::uint64_t>() >= 1'000'002);
    CHECK(run["test_accuracy"].is_null());
    CHECK(run["validation_accuracy"].is_number());
  }
  REQUIRE(results["windows"].size() == 2);
  for (const auto& run : results["runs"]) {
    const auto& window = results["windows"][run["scheme"] == "default" ? 0 : 1];
    CHECK(run["lr"] == (run["rate"] == "common" ? json(0.05) : window["best_lr"]));
  }
  // Again, from what was kept; in words.
  auto again = command;
  again.erase(std::find(again.begin(), again.end(), "--json"));
  const Outcome outcome = fanin_command(again);
  CHECK(outcome.code == 0);
  CHECK(outcome.out.find("learning rates, by validation accuracy") != std::string::npos);
  CHECK(outcome.out.find("within a point of it") != std::string::npos);
  CHECK(outcome.err.find(" taken from ") != std::string::npos);
  CHECK(outcome.err.find(
            "validation: 12 of the 120 training images, each class in proportion, --data-seed 0; on these "
            "learning rates are compared and steps to 80 % counted") != std::string::npos);
  CHECK(outcome.err.find("learning rates chosen by 28 runs, 28 of them taken from ") != std::string::npos);
  again.insert(again.end(), {"--format", "csv"});
  const std::string csv = fanin_command(again).out;
  CHECK(csv.find(",best_lr,window_low,window_high,window_factor,largest_stable") != std::string::npos);
  CHECK(csv.find(",beats,beats_low,beats_high,") != std::string::npos);

  // With few labels there is nothing to validate on but other seeds' budgets.
  const json few =
      results_of(compared(scratch / "few", {"--tune", "--labels-per-class", "2", "--steps", "24"}));
  CHECK(few["settings"]["extra"]["rates_chosen_on"] ==
        "2 labels per class: the images of 10 other seeds' budgets");
}

TEST_CASE("axes: a grid that tells nothing, as every run diverged, ends with exit code 1") {
  const Scratch scratch;
  for (const char* rates : {"1e30", "1e30, 1e35"}) {
    CAPTURE(rates);
    const Outcome outcome = fanin_command(compared(scratch / "out", {"--lr", rates, "--schemes", "default"}));
    CHECK(outcome.code == 1);
    CHECK(outcome.err.find("there is nothing to compare") != std::string::npos);
  }
}
