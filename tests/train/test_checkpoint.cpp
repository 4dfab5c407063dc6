// A run that is interrupted and resumed is, bit for bit, the run that never was.
#include <doctest/doctest.h>

#include <bit>
#include <filesystem>

#include <fanin/core/fail.hpp>
#include <fanin/core/parallel.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/models.hpp>
#include <fanin/start/state_dict.hpp>
#include <fanin/train/checkpoint.hpp>
#include <fanin/train/trainer.hpp>

#include "tests/io/scratch.hpp"
#include "tests/train/checkpoints.hpp"

namespace fs = std::filesystem;
using namespace fanin;
using namespace checkpoints;
using train::Measure;
using train::Status;
using train::TrainOptions;
using train::TrainResult;

namespace {

/// All of a result but its times, as bits.
std::vector<std::uint64_t> bits(const TrainResult& result) {
  std::vector<std::uint64_t> all;
  const auto add = [&all](double value) { all.push_back(std::bit_cast<std::uint64_t>(value)); };
  for (const auto& e : result.history) {
    all.push_back(static_cast<std::uint64_t>(e.epoch));
    for (const double value : {e.train_loss, e.test_loss, e.test_accuracy, e.train_accuracy,
                               e.validation_loss, e.validation_accuracy})
      add(value);
  }
  for (const auto& [step, loss] : result.loss_curve) {
    all.push_back(static_cast<std::uint64_t>(step));
    add(loss);
  }
  for (const Index value :
       {result.steps, result.steps_to_threshold.value_or(-1), static_cast<Index>(result.best_epoch)}) {
    all.push_back(static_cast<std::uint64_t>(value));
  }
  for (const auto* found : {&result.validation, &result.test}) {
    add(found->loss);
    add(found->accuracy);
  }
  return all;
}

struct Threads {
  explicit Threads(int count) { set_threads(count); }
  ~Threads() { set_threads(1); }
};

}  // namespace

TEST_CASE("checkpoint: interrupted at any step and resumed, a run ends in the same bits") {
  struct Case {
    const char* name;
    const char* model;
    TrainOptions options;
  };
  std::vector<Case> cases;
  cases.push_back({"SGD with momentum", "mlp(hidden=16)", plain()});
  cases.back().options.optimizer.momentum = 0.9;
  cases.back().options.threshold = 0.15;
  cases.back().options.threshold_every = 1;
  cases.push_back({"Adam, cosine schedule, clipping", "lenet", plain()});
  cases.back().options.optimizer = {.rule = optim::adam(), .lr = 0.003};
  cases.back().options.schedule = optim::Schedule::parse("cosine(warmup=3)");
  cases.back().options.clip_norm = 0.5;
  cases.push_back({"dropout, RMSprop", "mlp(hidden=16, dropout=0.3)", plain()});
  cases.back().options.optimizer = {.rule = optim::rmsprop(), .lr = 0.002, .momentum = 0.5};
  cases.push_back({"BatchNorm and augmentation", "resnet_small(width=2)", plain()});
  cases.back().options.augment = data::Transform::parse("shift(2); flip");
  cases.back().options.test_every = 2;
  cases.push_back({"L2-SP and gradual unfreezing", "mlp(hidden=16-16, batch_norm=true)", plain(3)});
  cases.back().options.optimizer = {.rule = optim::adamw(), .lr = 0.01, .weight_decay = 0.1};
  cases.back().options.finetune = {.layer_decay = 0.5, .unfreeze_every = 1, .l2_sp = 0.1};
  cases.push_back({"the best epoch restored", "mlp(hidden=16)", plain(4)});
  cases.back().options.optimizer.lr = 0.3;
  cases.back().options.early_stopping = {.patience = 2, .measure = Measure::loss, .restore_best = true};
  for (auto& [name, text, options] : cases) {
    const std::string called = name;
    CAPTURE(called);
    options.curve_every = 1;
    const auto model = born(text);
    const TrainResult whole = trained(*model, options);
    REQUIRE_MESSAGE(whole.status == Status::ok, whole.divergence);
    REQUIRE(whole.steps >= 10);
    const auto expected = state(*model);
    // 5 batches an epoch: the first step, in mid-epoch, at an epoch's last step, just behind it; also several
    // times a run.
    for (const std::vector<Index>& stops : std::vector<std::vector<Index>>{{1}, {5}, {6}, {10}, {2, 3, 8}}) {
      const Scratch scratch;
      std::vector<std::vector<real>> weights;
      int threads = 1;
      for (const Index stop : stops) {
        CAPTURE(stop);
        const Threads scope(threads++ % 2 + 1);
        const TrainResult part = run_until(stop, text, options, scratch / "run", weights);
        CHECK(part.status == (part.steps == stop ? Status::interrupted : Status::ok));
      }
      const TrainResult rest = run_until(1000, text, options, scratch / "run", weights);
      CHECK(rest.status == Status::ok);
      CHECK(weights == expected);
      CHECK(bits(rest) == bits(whole));
      const TrainResult again =
          run_until(1000, text, options, scratch / "run", weights);  // nothing is left to do
      CHECK(weights == expected);
      CHECK(bits(again) == bits(whole));
    }
  }
}

TEST_CASE("checkpoint: any one that was saved on the way leads to the same end") {
  const Scratch scratch;
  TrainOptions options = plain();
  options.optimizer.momentum = 0.9;
  options.checkpoint = {.folder = scratch / "all", .every_steps = 1, .keep = 100, .keep_best = true};
  const auto model = born("mlp(hidden=8)");
  const TrainResult whole = trained(*model, options);
  std::vector<std::string> expected = {"best.safetensors"};
  for (int step = 1; step <= 10; ++step) expected.push_back(fmt::format("step-{:08}.safetensors", step));
  REQUIRE(names(scratch / "all") == expected);
  for (const auto& name : expected) {
    CAPTURE(std::string(name));
    const std::string folder = scratch / "from-" + name;
    fs::create_directory(folder);
    fs::copy_file(scratch / "all/" + name, folder + "/" + (name[0] == 'b' ? "step-1.safetensors" : name));
    std::vector<std::vector<real>> weights;
    const TrainResult rest = run_until(1000, "mlp(hidden=8)", options, folder, weights);
    CHECK(weights == state(*model));
    CHECK(bits(rest) == bits(whole));
  }
}

TEST_CASE(
    "checkpoint: only the newest stay, what a killed process left is removed, and each is a model file") {
  const Scratch scratch;
  const std::string folder = scratch / "a/b";
  fs::create_directories(folder);
  write_bytes(folder + "/step-00000003.safetensors.tmp.fanin-Ab12cd", "half");
  write_bytes(folder + "/best.safetensors.tmp.backup", "mine");
  TrainOptions options = plain(3);
  options.checkpoint = {.folder = folder, .keep = 2, .metadata = {{"model", "mlp(hidden=8)"}}};
  const auto model = born("mlp(hidden=8)");
  trained(*model, options);
  CHECK(names(folder) == std::vector<std::string>{"best.safetensors.tmp.backup", "step-00000010.safetensors",
                                                  "step-00000015.safetensors"});

  io::TensorFile file = train::read_checkpoint(folder + "/step-00000015.safetensors");
  CHECK(train::is_checkpoint(file));
  train::drop_training_state(file);
  CHECK(file.metadata == std::map<std::string, std::string>{{"model", "mlp(hidden=8)"}});
  const auto other = models::build("mlp(hidden=8)", {});
  start::load_state_dict(*other, file);
  CHECK(state(*other) == state(*model));
}

TEST_CASE("checkpoint: a run may be made longer where the schedule does not look ahead") {
  const Scratch scratch;
  TrainOptions options = plain(3);
  options.optimizer.momentum = 0.9;
  options.schedule = optim::Schedule::parse("step(every=1, gamma=0.5)");
  const auto model = born("mlp(hidden=8)");
  trained(*model, options);
  std::vector<std::vector<real>> weights;
  options.epochs = 1;
  run_until(1000, "mlp(hidden=8)", options, scratch / "run", weights);
  options.epochs = 3;
  const TrainResult longer = run_until(1000, "mlp(hidden=8)", options, scratch / "run", weights);
  CHECK(longer.history.size() == 3);
  CHECK(weights == state(*model));

  options.schedule = optim::Schedule::parse("cosine");
  run_until(7, "mlp(hidden=8)", options, scratch / "cosine", weights);
  options.epochs = 4;
  CHECK_THROWS_WITH_AS(run_until(1000, "mlp(hidden=8)", options, scratch / "cosine", weights),
                       doctest::Contains("schedule cosine, 4 epochs have other learning rates than the 3"),
                       Error);
  options.epochs = 1;
  CHECK_THROWS_WITH_AS(run_until(1000, "mlp(hidden=8)", options, scratch / "cosine", weights),
                       doctest::Contains("past epoch 1"), Error);
}

TEST_CASE(
    "early stopping: ends when no epoch was better for so long, with the best epoch's weights if asked for") {
  TrainOptions options = plain(30);
  options.optimizer.lr = 0.57, options.optimizer.momentum = 0.3;  // too large: the loss goes up and down
  options.early_stopping = {.patience = 3, .measure = Measure::loss};
  const data::Sets sets{samples().training, samples().test, samples().test};
  const auto stopped = [&](nn::Module& model, const TrainOptions& some) {
    return train::fit(model, sets, some);
  };
  std::vector<std::vector<std::vector<real>>> after;
  const auto model = born("mlp(hidden=16)");
  options.on_epoch = [&](const train::EpochRecord&) { after.push_back(state(*model)); };
  const TrainResult result = stopped(*model, options);
  REQUIRE(result.status == Status::ok);
  REQUIRE(result.stopped_early);
  const auto best = static_cast<std::size_t>(result.best_epoch);
  CHECK(result.history.size() == best + 3);
  for (const auto& e : result.history) CHECK(e.validation_loss >= result.history[best - 1].validation_loss);
  CHECK(state(*model) == after.back());

  options.early_stopping.restore_best = true;
  options.on_epoch = {};
  const auto restored = born("mlp(hidden=16)");
  const TrainResult kept = stopped(*restored, options);
  CHECK(state(*restored) == after[best - 1]);
  CHECK(kept.validation.loss == result.history[best - 1].validation_loss);

  // A gain below min_delta is none: the first epoch stays the bar.
  options.early_stopping = {.patience = 2, .min_delta = 1e6, .measure = Measure::loss};
  CHECK(stopped(*born("mlp(hidden=16)"), options).history.size() == 3);
  options.early_stopping = {.patience = -1};
  CHECK_THROWS_AS(stopped(*born("mlp(hidden=16)"), options), Error);
}

TEST_CASE("checkpoint: what may change on resume is the new run's; every machine that it ran on is named") {
  const Scratch scratch;
  const auto run = [&](int epochs, const std::string& cpu) {
    const auto model = born("mlp(hidden=4)");
    TrainOptions options = plain(epochs);
    options.checkpoint = {
        .folder = scratch / "run", .resume = true, .metadata = {{"model", "mlp(hidden=4)"}}};
    options.checkpoint.provenance = {{"cpu", cpu}, {"reproduce", "epochs " + std::to_string(epochs)}};
    const auto said = trained(*model, options).metadata;
    // the newest checkpoint says the same
    const auto file = io::read_tensor_file(scratch / "run/" + names(scratch / "run").back());
    for (const auto& entry : said) CHECK(file.metadata.at(entry.first) == entry.second);
    return said;
  };
  const auto first = run(1, "one");
  CHECK(first.at("model") == "mlp(hidden=4)");
  CHECK(first.at("cpu") == "one");
  CHECK(run(2, "one") == std::map<std::string, std::string>{
                             {"cpu", "one"}, {"model", "mlp(hidden=4)"}, {"reproduce", "epochs 2"}});
  CHECK(run(3, "on").at("cpu") == "one; on");
  CHECK(run(4, "one").at("cpu") == "one; on");
}
