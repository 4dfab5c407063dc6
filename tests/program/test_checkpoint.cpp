// fanin train --checkpoint: killed, interrupted, resumed, refused.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include <fanin/io/folder_lock.hpp>

#include "tests/io/scratch.hpp"
#include "tests/message.hpp"
#include "tests/program/command.hpp"

namespace fs = std::filesystem;
using Arguments = std::vector<std::string>;

namespace {

const Arguments training = {"train",
                            "--data",
                            "synthetic(count=800)",
                            "--model",
                            "mlp(hidden=64, dropout=0.2, batch_norm=true)",
                            "--epochs",
                            "4",
                            "--batch",
                            "16",
                            "--optimizer",
                            "adam",
                            "--lr",
                            "0.002",
                            "--augment",
                            "shift(2)",
                            "--schedule",
                            "cosine"};

Arguments with(Arguments all, const Arguments& more) {
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE_MESSAGE(file.good(), path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("program: train killed at random moments and resumed saves the bytes of a run left alone") {
  const Scratch scratch;
  auto took = std::chrono::milliseconds::max().count();
  for (int i = 0; i < 2; ++i) {  // the first may be slow to start
    const auto start = std::chrono::steady_clock::now();
    REQUIRE(fanin_command(with(training, {"--output", scratch / "whole.safetensors"})).code == 0);
    const auto ended = std::chrono::steady_clock::now() - start;
    took = std::min(took, std::chrono::duration_cast<std::chrono::milliseconds>(ended).count());
  }
  const std::string whole = bytes_of(scratch / "whole.safetensors");
  std::mt19937 random(static_cast<unsigned>(took));  // other moments every time
  for (const char* every : {"5", "epoch"}) {
    const Arguments run =
        with(training, {"--checkpoint", scratch / every, "--checkpoint-every", every, "--resume"});
    int killed = 0;
    for (int i = 0; i < 4; ++i) {
      const int moment = std::uniform_int_distribution<int>(5, static_cast<int>(took))(random);
      killed += fanin_killed(with(run, {"--threads", i % 2 == 0 ? "1" : "2"}), moment);
    }
    CHECK(killed > 0);
    const std::string output = scratch / every + ".safetensors";
    const Outcome rest = fanin_command(with(run, {"--output", output}));
    CAPTURE(rest.err);
    CHECK(rest.code == 0);
    CHECK(bytes_of(output) == whole);
    for (const auto& entry : fs::directory_iterator(scratch / every))
      CHECK(entry.path().extension() == ".safetensors");
  }
}

TEST_CASE("program: Ctrl-C saves a checkpoint and says how to go on; a checkpoint can be evaluated") {
  const Scratch scratch;
  const std::string folder = scratch / "run";
  // --keep-best chooses, and so cuts a tenth for validation
  REQUIRE(fanin_command(with(training, {"--validation", "0.1", "--output", scratch / "whole.safetensors"}))
              .code == 0);
  const Arguments run =
      with(training, {"--checkpoint", folder, "--checkpoint-every", "20", "--keep-best", "--keep", "2"});
  const Outcome interrupted = fanin_command(run, folder);
  CAPTURE(interrupted.err);
  REQUIRE(interrupted.code == 1);
  CHECK(holds(interrupted.err, "interrupted at step"));
  CHECK(holds(interrupted.err, "--resume"));

  const Outcome again = fanin_command(run);  // the same line without --resume
  CHECK(again.code == 2);
  CHECK(holds(again.err, "already holds checkpoints"));
  CHECK(holds(again.err, "--resume"));

  const Outcome rest = fanin_command(with(run, {"--resume", "--output", scratch / "rest.safetensors"}));
  CAPTURE(rest.err);
  CHECK(rest.code == 0);
  CHECK(holds(rest.err, "resuming from"));
  CHECK(bytes_of(scratch / "rest.safetensors") == bytes_of(scratch / "whole.safetensors"));
  CHECK(fs::exists(folder + "/best.safetensors"));
  const Outcome best =
      fanin_command({"evaluate", folder + "/best.safetensors", "--data", "synthetic(count=800)"});
  CHECK(best.code == 0);
  CHECK(holds(best.out, "accuracy"));
}

TEST_CASE("program: finetune is resumed like train, from a checkpoint as from a model") {
  const Scratch scratch;
  const std::string data = "synthetic(count=600)";
  REQUIRE(fanin_command({"train", "--data", data, "--model", "mlp(hidden=32-16, batch_norm=true)", "--epochs",
                         "1", "--checkpoint", scratch / "first"})
              .code == 0);
  const Arguments tune = {"finetune",
                          "--from",
                          scratch / "first/step-00000010.safetensors",
                          "--data",
                          data,
                          "--epochs",
                          "3",
                          "--batch",
                          "8",
                          "--momentum",
                          "0.9",
                          "--lr",
                          "0.01",
                          "--unfreeze-every",
                          "1",
                          "--l2-sp",
                          "0.1",
                          "--layer-decay",
                          "0.5"};
  const Outcome whole = fanin_command(with(tune, {"--output", scratch / "whole.safetensors"}));
  REQUIRE_MESSAGE(whole.code == 0, whole.err);
  const Arguments run = with(tune, {"--checkpoint", scratch / "run", "--checkpoint-every", "10"});
  const Outcome interrupted = fanin_command(run, scratch / "run");
  REQUIRE(interrupted.code == 1);
  CHECK(holds(interrupted.err, "--resume"));
  const Outcome rest = fanin_command(with(run, {"--resume", "--output", scratch / "rest.safetensors"}));
  CHECK_MESSAGE(rest.code == 0, rest.err);
  CHECK(bytes_of(scratch / "rest.safetensors") == bytes_of(scratch / "whole.safetensors"));
  CHECK(holds(fanin_command({"inspect", scratch / "rest.safetensors"}).out,
              "not compared with the initial values: its training started from"));
}

TEST_CASE("program: what contradicts a checkpoint or another flag is one line, exit 2") {
  const Scratch scratch;
  const Arguments small = {"train", "--data",       "synthetic(count=60)", "--epochs",
                           "1",     "--checkpoint", scratch / "run"};
  const auto model = [](const Arguments& all, const char* text) { return with(all, {"--model", text}); };
  REQUIRE(fanin_command(model(small, "mlp(hidden=8)")).code == 0);
  struct Case {
    Arguments arguments;
    std::vector<std::string> says;
  };
  const Arguments resumed = with(small, {"--resume"});
  const std::vector<Case> cases = {
      {model(resumed, "mlp(hidden=9)"), {"model was 'mlp(hidden=8)'", "'mlp(hidden=9)'", "step-00000001"}},
      {model(with(resumed, {"--seed", "1"}), "mlp(hidden=8)"), {"seed was '0', now it is '1'"}},
      {model(with(resumed, {"--lr", "0.2"}), "mlp(hidden=8)"), {"lr was '0.1', now it is '0.2'"}},
      {model(with(resumed, {"--init", "zeros"}), "mlp(hidden=8)"), {"plan was"}},
      {{"train", "--resume"}, {"--resume needs --checkpoint"}},
      {{"train", "--keep-best"}, {"--keep-best needs --checkpoint"}},
      {{"train", "--checkpoint-every", "5"}, {"--checkpoint-every needs --checkpoint"}},
      {with(small, {"--checkpoint-every", "0"}), {"--checkpoint-every", "'0'"}},
      {with(small, {"--checkpoint-every", "epochs"}), {"'epochs'"}},
      {with(small, {"--keep", "0"}), {"--keep", "0"}},
      {{"train", "--patience", "-1"}, {"--patience", "-1"}},
      {{"train", "--min-delta", "nan"}, {"--min-delta"}},
      {{"train", "--best-by", "los"}, {"'los'", "'loss'"}},
  };
  for (const auto& [arguments, the_says] : cases) {
    const auto& says = the_says;  // clang 14 captures no structured binding
    CAPTURE(says[0]);
    const Outcome outcome = fanin_command(arguments);
    CAPTURE(outcome.err);
    CHECK(outcome.code == 2);
    for (const auto& part : says) CHECK(holds(outcome.err, part));
  }
}

TEST_CASE(
    "program: a second run on one checkpoint folder ends in one line, exit 1; reading a checkpoint asks for no lock") {
  const Scratch scratch;
  const Arguments run = {"train",    "--data", "synthetic(count=60)", "--model",      "mlp(hidden=8)",
                         "--epochs", "1",      "--checkpoint",        scratch / "run"};
  REQUIRE(fanin_command(run).code == 0);
  const fanin::io::FolderLock lock(scratch / "run", "checkpoints");
  const Outcome refused = fanin_command(with(run, {"--resume"}));
  CHECK(refused.code == 1);
  CHECK(line_count(refused.err) == 2);  // what is trained, and why it is not
  CHECK(holds(refused.err, "another process"));
  for (const auto& entry : fs::directory_iterator(scratch / "run"))
    CHECK(fanin_command({"inspect", entry.path().string()}).code == 0);
}

TEST_CASE("program: --patience ends a run that gets no better") {
  const Outcome outcome = fanin_command({"train", "--data", "synthetic(count=100)", "--model",
                                         "mlp(hidden=8)", "--epochs", "50", "--lr", "0", "--patience", "2"});
  CHECK(outcome.code == 0);
  CHECK(holds(outcome.err, "stopped early: no better epoch than 1 in the last 2, on the validation set"));
  CHECK(holds(outcome.err, "90 training, 10 validation and "));
  CHECK(holds(outcome.err, "epoch   3/50"));
  CHECK_FALSE(holds(outcome.err, "epoch   4/50"));
}
