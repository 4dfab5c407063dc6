// A run that is interrupted and resumed is, bit for bit, the run that never was.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bit>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fanin/core/fail.hpp>
#include <fanin/core/parallel.hpp>
#include <fanin/datasets.hpp>
#include <fanin/io/folder_lock.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/models.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/start/state_dict.hpp>
#include <fanin/train/checkpoint.hpp>
#include <fanin/train/trainer.hpp>

#include "tests/io/scratch.hpp"

namespace fs = std::filesystem;
using namespace fanin;
using train::Measure;
using train::Status;
using train::TrainOptions;
using train::TrainResult;

namespace {

const data::Sets& samples() {
  static const data::Sets splits = datasets::load_sets("synthetic(count=120)");
  return splits;
}

nn::ModulePtr born(const std::string& text, std::uint64_t seed = 0) {
  const auto model = models::build(text, {});
  Generator generator(seed);
  start::initialize(*model, generator);
  return model;
}

TrainResult trained(nn::Module& model, const TrainOptions& options) {
  return train::fit(model, samples(), options);
}

std::vector<std::vector<real>> state(nn::Module& model) {
  std::vector<std::vector<real>> all;
  for (const auto& [name, tensor] : model.state_dict()) all.push_back(tensor.to_vector());
  return all;
}

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

std::vector<std::string> names(const std::string& folder) {
  std::vector<std::string> all;
  for (const auto& entry : fs::directory_iterator(folder)) all.push_back(entry.path().filename().string());
  std::sort(all.begin(), all.end());
  return all;
}

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

/// Runs with the checkpoints in `folder` until `stop_at` steps are done in all, from a model newly made.
TrainResult run_until(Index stop_at, const std::string& model_text, TrainOptions options,
                      const std::string& folder, std::vector<std::vector<real>>& weights) {
  const auto model = born(model_text, fs::exists(folder) ? 1 : 0);  // on resume all comes from the checkpoint
  options.checkpoint.folder = folder;
  options.checkpoint.resume = true;
  Index done = -1;
  options.on_step = [&done](Index step, double) { done = step + 1; };
  options.stop = [&done, stop_at] { return done >= stop_at; };
  TrainResult result = trained(*model, options);
  weights = state(*model);
  return result;
}

TrainOptions plain(int epochs = 2) {
  return {.epochs = epochs, .batch = 25, .seed = 5, .optimizer = {.lr = 0.05}};
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

TEST_CASE("checkpoint: the first setting that differs is named, with both values") {
  const Scratch scratch;
  std::vector<std::vector<real>> weights;
  const TrainOptions options = plain();
  run_until(3, "mlp(hidden=8)", options, scratch / "run", weights);
  struct Case {
    std::string says;
    std::function<void(TrainOptions&)> change;
  };
  const std::vector<Case> cases = {
      {"batch was '25', now it is '30'", [](auto& o) { o.batch = 30; }},
      {"seed was '5', now it is '6'", [](auto& o) { o.seed = 6; }},
      {"optimizer was 'sgd', now it is 'adam'", [](auto& o) { o.optimizer.rule = optim::adam(); }},
      {"lr was '0.05', now it is '0.1'", [](auto& o) { o.optimizer.lr = 0.1; }},
      {"momentum was '0'", [](auto& o) { o.optimizer.momentum = 0.9; }},
      {"schedule was 'constant'", [](auto& o) { o.schedule = optim::Schedule::parse("cosine"); }},
      {"augment was 'none'", [](auto& o) { o.augment = data::Transform::parse("flip"); }},
      {"freeze was 'none', now it is 'fc1'", [](auto& o) { o.finetune.freeze = {"fc1"}; }},
      {"label_smoothing was '0'", [](auto& o) { o.label_smoothing = 0.1; }},
      {"model was not set, now it is 'mlp'",
       [](auto& o) {
         o.checkpoint.metadata = {{"model", "mlp"}};
       }},
      // which chooses an epoch, and so would train on a tenth less
      {"validation was 'none', now it is '0.1'", [](auto& o) { o.early_stopping.restore_best = true; }},
  };
  for (const auto& one : cases) {
    const std::string& says = one.says;
    CAPTURE(says);
    TrainOptions changed = options;
    one.change(changed);
    CHECK_THROWS_WITH_AS(run_until(1000, "mlp(hidden=8)", changed, scratch / "run", weights),
                         doctest::Contains(says.c_str()), Error);
  }
  const data::Sets other =
      datasets::load_sets("synthetic(count=120, seed=1)");  // as many images of the same size
  TrainOptions resumed = options;
  resumed.checkpoint = {.folder = scratch / "run", .resume = true};
  const auto model = born("mlp(hidden=8)");
  const auto before = state(*model);
  CHECK_THROWS_WITH_AS(train::fit(*model, {other.training, {}, samples().test}, resumed),
                       doctest::Contains("training data was"), Error);
  CHECK(state(*model) == before);
  CHECK_THROWS_WITH_AS(
      run_until(1000, "mlp(hidden=9)", options, scratch / "run", weights),
      doctest::Contains(
          "'fc1.weight' is F32 [8, 784], this run has F32 [9, 784]: it is a checkpoint of another model"),
      Error);
  CHECK_THROWS_WITH_AS(run_until(1000, "mlp(hidden=8-8)", options, scratch / "run", weights),
                       doctest::Contains("another model"), Error);
  CHECK_THROWS_WITH_AS(run_until(1000, "mlp(hidden=)", options, scratch / "run", weights),
                       doctest::Contains("hidden"), Error);
}

TEST_CASE("checkpoint: a damaged one is passed over for the one before; when all are, that is an error") {
  const Scratch scratch;
  TrainOptions options = plain();
  options.checkpoint.every_steps = 4;
  const auto model = born("mlp(hidden=8)");
  trained(*model, options);
  std::vector<std::vector<real>> weights;
  run_until(8, "mlp(hidden=8)", options, scratch / "run", weights);
  const std::string newest = scratch / "run/step-00000008.safetensors", whole = bytes_of(newest);
  REQUIRE(whole.size() > 1000);
  std::vector<std::string> notices;
  options.checkpoint.on_notice = [&notices](const std::string& notice) { notices.push_back(notice); };
  const auto damaged = [&](std::string bytes) {
    const std::string folder = scratch / "copy";
    fs::remove_all(folder);
    fs::copy(scratch / "run", folder);
    write_bytes(folder + "/step-00000008.safetensors", bytes);
    notices.clear();
    const TrainResult result = run_until(1000, "mlp(hidden=8)", options, folder, weights);
    REQUIRE(notices.size() == 2);
    CHECK(notices[0].find("passing over") != std::string::npos);
    CHECK(notices[1].find("step-00000004") != std::string::npos);
    CHECK(result.steps == 10);
    CHECK(weights == state(*model));
  };
  for (const std::size_t size : {std::size_t{0}, std::size_t{7}, std::size_t{500}, whole.size() - 1})
    damaged(whole.substr(0, size));
  damaged("not a checkpoint");
  damaged(whole + "x");
  for (std::size_t at = 9; at < whole.size(); at += whole.size() / 9) {  // one bit, wherever it is
    CAPTURE(at);
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
    damaged(flipped);
  }
  start::save_model(scratch / "run/step-00000008.safetensors", *model);  // a model file is none
  write_bytes(scratch / "run/step-00000004.safetensors", "");
  CHECK_THROWS_WITH_AS(run_until(1000, "mlp(hidden=8)", options, scratch / "run", weights),
                       doctest::Contains("step-00000008.safetensors: no metadata 'checkpoint.format'"),
                       Error);
}

TEST_CASE("checkpoint: one that contradicts itself is refused, whoever made it") {
  const Scratch scratch;
  const std::string path = scratch / "forged.safetensors";
  const auto model = born("mlp(hidden=8)");
  train::FineTuning tuning(*model, {});
  optim::Optimizer optimizer(tuning.groups(), plain().optimizer);
  std::vector<std::pair<std::string, Tensor>> best;
  const train::SettingTexts settings = {{"batch", "25"}};
  train::RunState forged;
  forged.epochs = 2;
  forged.step = 3;
  forged.position = {0, 3};
  const train::RunParts parts{*model, optimizer, tuning, forged, best};
  const auto refused = [&](const char* says) {
    train::save_checkpoint(path, parts, settings);
    const io::TensorFile file = train::read_checkpoint(path);
    train::RunState restored;
    CHECK_THROWS_WITH_AS(
        train::restore_checkpoint(file, {*model, optimizer, tuning, restored, best}, settings),
        doctest::Contains(says), Error);
  };
  forged.position.epoch = 1;
  refused("contradicts itself");
  forged.position.epoch = 0;
  forged.curve_every = 0;
  refused("contradicts itself");
  forged.curve_every = 1;
  forged.bar = {-2147483647, 0.5};
  refused("contradicts itself");
  forged.bar = {1, 0.5};
  refused("contradicts itself");
  forged.bar = {};
  forged.loss_curve = {{4, 1.0}};
  refused("past its steps");
  forged.loss_curve = {{-1, 1.0}};
  refused("past its steps");
}

TEST_CASE(
    "checkpoint: a folder with checkpoints is never run over; an empty one starts from the beginning, and says so") {
  const Scratch scratch;
  TrainOptions options = plain(1);
  options.checkpoint.folder = scratch / "run";
  std::string notice;
  options.checkpoint.on_notice = [&notice](const std::string& text) { notice = text; };
  options.checkpoint.resume = true;
  trained(*born("mlp(hidden=8)"), options);
  CHECK(notice.find("starting from the beginning") != std::string::npos);
  options.checkpoint.resume = false;
  CHECK_THROWS_WITH_AS(trained(*born("mlp(hidden=8)"), options),
                       doctest::Contains("already holds checkpoints, the newest of step 5"), Error);
  write_bytes(scratch / "file", "");
  options.checkpoint.folder = scratch / "file";
  CHECK_THROWS_AS(trained(*born("mlp(hidden=8)"), options), Error);
  options.checkpoint.folder = scratch / "new";
  options.checkpoint.keep = 0;
  CHECK_THROWS_WITH_AS(trained(*born("mlp(hidden=8)"), options), doctest::Contains("keep"), Error);
  options.checkpoint.keep = 1;
  options.checkpoint.every_steps = -1;
  CHECK_THROWS_WITH_AS(trained(*born("mlp(hidden=8)"), options), doctest::Contains("every_steps"), Error);
}

TEST_CASE(
    "checkpoint: a folder that another process saves into is refused until that process is gone, killed or not") {
  const Scratch scratch;
  TrainOptions options = plain(1);
  options.checkpoint.folder = scratch / "run";
  fs::create_directory(options.checkpoint.folder);
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const io::FolderLock lock(options.checkpoint.folder, "checkpoints");
    static_cast<void>(!::write(ready[1], "x", 1));
    for (;;) ::pause();
  }
  char byte = 0;
  CHECK(::read(ready[0], &byte, 1) == 1);
  CHECK_THROWS_WITH_AS(trained(*born("mlp(hidden=8)"), options),
                       doctest::Contains("another process is using this folder"), Error);
  CHECK(names(options.checkpoint.folder).empty());
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);
  trained(*born("mlp(hidden=8)"), options);
  options.checkpoint.resume = true;
  CHECK_NOTHROW(trained(*born("mlp(hidden=8)"), options));  // and a run that ended left no lock
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
