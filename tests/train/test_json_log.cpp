#include <doctest/doctest.h>

#include <fstream>
#include <limits>
#include <thread>

#include <nlohmann/json.hpp>

#include <fanin/core/error.hpp>
#include <fanin/datasets.hpp>
#include <fanin/models.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/train/trainer.hpp>

#include "tests/allocations.hpp"
#include "tests/io/scratch.hpp"
#include "tests/message.hpp"

using namespace fanin;
using nlohmann::json;
using train::JsonLog;

namespace {

const data::Sets& samples() {
  static const data::Sets sets = datasets::load_sets("synthetic(count=100, classes=4, size=8)");
  return sets;
}

std::vector<json> lines_of(const std::string& path) {
  std::vector<json> all;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) all.push_back(json::parse(line));
  return all;
}

train::TrainResult trained(const train::TrainOptions& options) {
  const auto model = models::build("mlp(hidden=8)", models::input_of(samples().training));
  Generator generator(0);
  start::initialize(*model, generator);
  return train::fit(*model, samples(), options);
}

}  // namespace

TEST_CASE("log: a run, its steps and epochs, and its end, as they were") {
  const Scratch scratch;
  train::TrainOptions options{.epochs = 2, .batch = 30, .seed = 4, .validation = 20};
  options.schedule = optim::Schedule::parse("step(every=1, gamma=0.5)");
  options.log = JsonLog(scratch / "run.jsonl", false, {{"command", "a \"test\""}}).labelled({{"seed", 4}});
  std::vector<double> losses;
  options.on_step = [&](Index, double loss) { losses.push_back(loss); };
  const auto result = trained(options);
  const auto lines = lines_of(scratch / "run.jsonl");
  REQUIRE(lines.size() == 1 + 2 * 3 + 2 + 1);  // 80 samples in batches of 30
  for (const auto& line : lines) CHECK(line.at("seed") == 4);
  CHECK(lines[0].at("kind") == "run");
  CHECK(lines[0].at("schema") == 1);
  CHECK(lines[0].at("command") == "a \"test\"");
  CHECK(lines[0].at("step") == 0);
  CHECK(lines[0].at("images") == json{{"training", 80}, {"validation", 20}, {"test", samples().test.count}});
  CHECK(lines[0].at("settings").at("lr") == 0.1);
  CHECK(lines[0].at("settings").at("validation") == 20);
  CHECK(lines[0].at("settings").at("last_batch") == "keep");
  std::vector<double> logged;
  Index steps = 0;
  for (const auto& line : lines) {
    if (line.at("kind") != "step") continue;
    CHECK(line.at("step") == ++steps);
    CHECK(line.at("epoch") == (steps - 1) / 3 + 1);
    CHECK(line.at("lr") == (steps <= 3 ? 0.1 : 0.05));
    logged.push_back(line.at("loss").get<double>());
  }
  CHECK(logged == losses);
  const json& epoch = lines[4];
  CHECK(epoch.at("kind") == "epoch");
  CHECK(epoch.at("step") == 3);
  CHECK(epoch.at("train_loss") == result.history[0].train_loss);
  CHECK(epoch.at("validation_accuracy") == result.history[0].validation_accuracy);
  CHECK(epoch.at("test_accuracy").is_null());  // it was not read then
  const json& end = lines.back();
  CHECK(end.at("kind") == "end");
  CHECK(end.at("status") == "ok");
  CHECK(end.at("steps") == 6);
  CHECK(end.at("validation_accuracy") == result.validation.accuracy);
  CHECK(end.at("test_accuracy") == result.test.accuracy);
  CHECK(end.at("test_loss") == result.test.loss);
  CHECK(end.at("best_epoch") == result.best_epoch);
  CHECK(end.at("lost") == 0);
}

TEST_CASE("log: what is not finite is null, and so is what a run has not") {
  const Scratch scratch;
  const std::string path = scratch / "run.jsonl";
  const JsonLog log(path, false, {});
  const double inf = std::numeric_limits<double>::infinity();
  log.step(1, 1, inf, 1e-300, train::unknown);
  log.epoch(1, {.epoch = 1, .train_loss = -inf});
  const auto lines = lines_of(path);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].at("loss").is_null());
  CHECK(lines[0].at("lr") == 1e-300);
  CHECK(lines[0].at("seconds").is_null());
  CHECK(lines[1].at("train_loss").is_null());

  train::TrainOptions options{.epochs = 1, .batch = 30, .optimizer = {.lr = 1e19}};
  options.log = JsonLog(path, false, {});
  REQUIRE(trained(options).status == train::Status::diverged);
  const json end = lines_of(path).back();
  CHECK(end.at("status") == "diverged");
  CHECK(end.at("test_accuracy").is_null());
  CHECK(end.at("validation_loss").is_null());
  CHECK(end.at("message").is_string());
}

TEST_CASE("log: appending leaves what there is, and ends a line that was left half written") {
  const Scratch scratch;
  const std::string path = scratch / "run.jsonl";
  JsonLog(path, false, {}).step(1, 1, 2.5, 0.1, 0);
  JsonLog(path, true, {}).step(2, 1, 2.25, 0.1, 0);
  CHECK(lines_of(path).size() == 2);
  std::ofstream(path, std::ios::app) << "{\"kind\":\"st";
  JsonLog(path, true, {}).step(3, 1, 2, 0.1, 0);
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  REQUIRE(lines.size() == 4);
  CHECK(lines[2] == "{\"kind\":\"st");
  CHECK(json::parse(lines[3]).at("step") == 3);
  JsonLog(path, false, {}).step(1, 1, 2, 0.1, 0);
  CHECK(lines_of(path).size() == 1);
}

TEST_CASE("log: several runs write whole lines into one file at once") {
  const Scratch scratch;
  const std::string path = scratch / "grid.jsonl";
  const JsonLog log(path, false, {});
  std::vector<std::thread> runs;
  for (int run = 0; run < 4; ++run)
    runs.emplace_back([mine = log.labelled({{"model", "mlp"}}).labelled({{"seed", run}})] {
      for (Index step = 1; step <= 200; ++step) mine.step(step, 1, 1.5, 0.1, 0.25);
    });
  for (auto& run : runs) run.join();
  std::vector<Index> last(4);
  const auto lines = lines_of(path);
  REQUIRE(lines.size() == 800);
  for (const auto& line : lines) {
    CHECK(line.at("model") == "mlp");
    CHECK(line.at("step") == ++last[line.at("seed").get<std::size_t>()]);
  }
}

TEST_CASE("log: a write that fails is told once and counted, and the run goes on") {
  CHECK(holds(message([] { JsonLog("/no/such/folder/run.jsonl", false, {}); }),
              "/no/such/folder/run.jsonl: the log cannot be written: No such file"));
  std::vector<std::string> told;
  train::TrainOptions options{.epochs = 1, .batch = 30};
  const auto quiet = trained(options);
  options.log = JsonLog("/dev/full", false, {}, [&](const std::string& notice) { told.push_back(notice); });
  const auto result = trained(options);
  CHECK(result.test.loss == quiet.test.loss);
  REQUIRE(told.size() == 1);
  CHECK(holds(told[0], "/dev/full: the log cannot be written: No space left on device"));
  CHECK(options.log.lost() == 1 + 4 + 1 + 1);
  CHECK(JsonLog().lost() == 0);
  CHECK_FALSE(JsonLog());
}

TEST_CASE("log: a step allocates nothing") {
  if (!counts_allocations()) return;
  const Scratch scratch;
  const JsonLog log = JsonLog(scratch / "run.jsonl", false, {}).labelled({{"seed", 3}});
  log.step(1, 1, 2.302585092994046, 0.012345678901234567, 1234.5678);
  const auto before = heap_allocations();
  for (Index step = 2; step < 50; ++step) log.step(step, 1, 1.0 / static_cast<double>(step), 0.1, 0.5);
  CHECK(heap_allocations() == before);
}
