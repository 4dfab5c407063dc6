// Checkpoints from which a run does not go on: of other settings, damaged, contradictory, or somebody else's.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include <fanin/core/fail.hpp>
#include <fanin/io/folder_lock.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/start/state_dict.hpp>
#include <fanin/train/checkpoint.hpp>

#include "tests/io/scratch.hpp"
#include "tests/train/checkpoints.hpp"

namespace fs = std::filesystem;
using namespace fanin;
using namespace checkpoints;
using train::Measure;
using train::Status;

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
  const auto damaged = [&](const std::string& bytes) {
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
