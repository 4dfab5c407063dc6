// When a run counts as diverged, what it then says, and what its checkpoints are good for.
#include <doctest/doctest.h>

#include <cmath>

#include <fanin/core/error.hpp>
#include <fanin/datasets.hpp>
#include <fanin/models.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/train/divergence.hpp>
#include <fanin/train/trainer.hpp>

#include "tests/io/scratch.hpp"
#include "tests/message.hpp"

using namespace fanin;
using train::Status;

namespace {

const data::Sets& samples() {
  static const data::Sets splits = datasets::load_sets("synthetic(count=80, classes=3, size=8)");
  return splits;
}

/// The same training set, validated on the test images.
const data::Sets& validated() {
  static const data::Sets sets{samples().training, samples().test, samples().test};
  return sets;
}

nn::ModulePtr born(const std::string& plan = "default") {
  auto model = models::build("mlp(hidden=12)", {.height = 8, .width = 8, .classes = 3});
  Generator generator(0);
  start::initialize(*model, plan, generator);
  return model;
}

train::Evaluation tested(double loss, double accuracy, int classes) {
  return {.loss = loss, .accuracy = accuracy, .confusion = {classes, {}}, .count = 100};
}

}  // namespace

TEST_CASE(
    "divergence: a loss that is no number, or a thousand times that of chance, unless the run learned from a larger one") {
  for (const int classes : {2, 3, 10, 1000}) {
    CAPTURE(classes);
    const double chance = std::log(classes), guess = 1.0 / classes;
    CHECK(train::loss_at_chance(classes) == doctest::Approx(chance));
    CHECK(train::divergence_of(tested(chance, guess, classes), chance).empty());
    CHECK(train::divergence_of(tested(999 * chance, guess, classes), chance).empty());
    CHECK_FALSE(train::divergence_of(tested(1001 * chance, guess, classes), chance).empty());
    CHECK_FALSE(train::divergence_of(tested(1001 * chance, 0.9, classes), chance).empty());  // it grew
    // it fell, and knows nothing
    CHECK_FALSE(train::divergence_of(tested(1001 * chance, guess, classes), 1e6 * chance).empty());
    CHECK(train::divergence_of(tested(1001 * chance, 0.9, classes), 1e6 * chance).empty());
    for (const double bad : {HUGE_VAL, -HUGE_VAL, std::nan("")})
      CHECK_FALSE(train::divergence_of(tested(bad, 0.9, classes), 1e300).empty());
  }
  auto some = tested(1, 0.5, 10);
  some.undecided = 1;
  CHECK(holds(train::divergence_of(some, 2), "1 of 100 test samples were not numbers"));
  CHECK(train::loss_at_chance(1) > 0);  // of one class, none would do
}

TEST_CASE("divergence: what the last step did is seen, and nothing of it is saved") {
  // 80 samples in one batch: the only step of the run is its last.
  for (const double lr : {1e38, 1e30, 1e12}) {
    CAPTURE(lr);
    const Scratch scratch;
    train::TrainOptions options{.epochs = 1, .batch = 80, .optimizer = {.lr = lr}};
    options.checkpoint.folder = scratch / "run";
    options.checkpoint.keep_best = true;
    const auto result = train::fit(*born(), samples(), options);
    CHECK(result.status == Status::diverged);
    CHECK(result.diverged_step == 1);
    CHECK(holds(result.divergence, "after step 1"));
    CHECK(std::isnan(result.test.accuracy));
    CHECK(train::counted_accuracy(result) == 1.0 / 3);
    REQUIRE(result.history.size() == 1);
    CHECK(std::isfinite(result.history[0].train_loss));
    CHECK(std::isnan(result.history[0].test_accuracy));
    CHECK(result.checkpoint.empty());
    CHECK(std::filesystem::is_empty(scratch / "run"));
  }
  CHECK(train::fit(*born(), samples(), {.epochs = 1, .batch = 80}).status == Status::ok);
}

TEST_CASE("divergence: the best epoch's weights, when they are restored, are what counts") {
  train::TrainOptions options{
      .epochs = 2, .batch = 80, .optimizer = {.lr = 1e-3}, .early_stopping = {.restore_best = true}};
  options.schedule = optim::Schedule::parse("step(every=1, gamma=1e15)");  // a second step of 10^12
  const auto result = train::fit(*born(), samples(), options);
  CHECK(result.status == Status::ok);
  CHECK(result.best_epoch == 1);
  CHECK(result.test.loss < 10);
  options.early_stopping.restore_best = false;
  CHECK(train::fit(*born(), samples(), options).status == Status::diverged);
}

TEST_CASE("divergence: the newest checkpoint from before is named, not one whose weights have run away") {
  const Scratch scratch;
  train::TrainOptions options{.epochs = 6, .batch = 80, .optimizer = {.lr = 1e-3}};
  options.schedule = optim::Schedule::parse("step(every=3, gamma=1e22)");  // from the fourth step on, 10^19
  options.checkpoint = {.folder = scratch / "run", .every_steps = 1, .keep = 10};
  const auto model = born();
  const auto result = train::fit(*model, samples(), options);
  REQUIRE(result.status == Status::diverged);
  CHECK(result.checkpoint == scratch / "run/step-00000003.safetensors");
  // What it died of is not asked for again with one option changed, and the message says what can be done.
  options.checkpoint.resume = true;
  options.optimizer.lr = 1e-4;
  const std::string says = message([&] { train::fit(*born(), samples(), options); });
  CAPTURE(says);
  CHECK(holds(says, "its lr was '0.001', now it is '0.0001'"));
  CHECK(holds(says, "fanin finetune --from " + scratch / "run/step-00000003.safetensors"));
}

TEST_CASE("divergence: no checkpoint is named when none works; the message on resume says so") {
  const Scratch scratch;
  train::TrainOptions options{.epochs = 6, .batch = 80, .optimizer = {.lr = 1e19}};
  options.checkpoint = {.folder = scratch / "run", .every_steps = 1, .keep = 10};
  const auto result = train::fit(*born(), samples(), options);
  REQUIRE(result.status == Status::diverged);
  CHECK(result.checkpoint.empty());
  REQUIRE_FALSE(std::filesystem::is_empty(scratch / "run"));
  options.checkpoint.resume = true;
  options.optimizer.lr = 1e-4;
  CHECK(holds(message([&] { train::fit(*born(), samples(), options); }),
              "no checkpoint there holds weights that predict"));
}

TEST_CASE("resume: data that differ in the last pixel show what differs, however long the rest is") {
  const Scratch scratch;
  train::TrainOptions options{.epochs = 2, .batch = 80};
  options.checkpoint.folder = scratch / "run";
  options.stop = [] { return true; };
  train::fit(*born(), samples(), options);
  data::Sets changed = samples();
  // mean and stddev stay those of the set
  auto& last_pixel = changed.training.images.back();
  last_pixel = static_cast<std::uint8_t>(last_pixel ^ 1);
  options.checkpoint.resume = true;
  const std::string says = message([&] { train::fit(*born(), changed, options); });
  CAPTURE(says);
  const auto was = says.find("was '"), now = says.find("', now it is '");
  REQUIRE(was != std::string::npos);
  REQUIRE(now != std::string::npos);
  const std::string before = says.substr(was + 5, now - was - 5),
                    after = says.substr(now + 14, before.size());
  CHECK(before != after);
  CHECK(holds(before, "crc "));
}

TEST_CASE("threshold: a run shorter than the time between two looks is looked at after its last step") {
  train::TrainOptions options{.epochs = 7, .batch = 20, .threshold = 0.9};
  options.optimizer.lr = 0.2;
  const auto result = train::fit(*born(), validated(), options);
  REQUIRE(result.test.accuracy >= 0.9);
  CHECK(result.steps == 28);
  CHECK(result.steps_to_threshold == 28);
  options.threshold_every = 5;
  const auto closely = train::fit(*born(), validated(), options);
  REQUIRE(closely.steps_to_threshold);
  CHECK(*closely.steps_to_threshold % 5 == 0);
  options.optimizer.lr = 0;
  CHECK_FALSE(train::fit(*born(), validated(), options).steps_to_threshold);
  options.threshold = 0;
  CHECK_FALSE(train::fit(*born(), validated(), options).steps_to_threshold);
}

TEST_CASE("threshold: a run resumed with more epochs does not count the look after its first end") {
  const Scratch scratch;
  train::TrainOptions options{.epochs = 14, .batch = 20, .optimizer = {.lr = 0.2}, .threshold = 0.9};
  const auto whole = train::fit(*born(), validated(), options);
  REQUIRE(whole.steps_to_threshold == 50);
  options.checkpoint.folder = scratch / "run";
  options.epochs = 7;
  CHECK(train::fit(*born(), validated(), options).steps_to_threshold == 28);
  options.epochs = 14;
  options.checkpoint.resume = true;
  CHECK(train::fit(*born(), validated(), options).steps_to_threshold == 50);
}
