// Fine-tuning and warm starts through the command line.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include <nlohmann/json.hpp>

#include <fanin/io/tensor_file.hpp>

#include "tests/io/onnx_bytes.hpp"
#include "tests/io/scratch.hpp"
#include "tests/message.hpp"
#include "tests/program/command.hpp"

using namespace fanin;
using nlohmann::json;

namespace {

std::string trained_on_three(const Scratch& scratch) {
  const std::string path = scratch / "three.safetensors";
  const auto outcome = fanin_command({"train", "--model", "mlp(hidden=16-8)", "--data",
                                      "synthetic(count=600, only=0..2)", "--epochs", "1", "--output", path});
  REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
  return path;
}

std::vector<float> tensor_of(const std::string& path, const std::string& name) {
  const io::TensorFile file = io::read_tensor_file(path);
  for (const auto& one : file.tensors) {
    if (one.name != name) continue;
    std::vector<float> values(static_cast<std::size_t>(one.numel()));
    one.read_all(values.data());
    return values;
  }
  FAIL("no tensor " << name);
  return {};
}

using Arguments = std::vector<std::string>;

const std::string five = "synthetic(count=600, only=3..7, per_class=20)";

}  // namespace

TEST_CASE("finetune: new classes, a frozen layer, rates by layer; the result is an ordinary model") {
  const Scratch scratch;
  const std::string from = trained_on_three(scratch), to = scratch / "five.safetensors";
  const auto outcome =
      fanin_command({"finetune", "--from", from, "--data", five, "--epochs", "2", "--freeze", "fc1",
                     "--lr-head", "0.1", "--lr-body", "0.01", "--output", to, "--json"});
  REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
  const json result = json::parse(outcome.out);
  CHECK(result["status"] == "ok");
  CHECK(result["history"].size() == 2);
  for (const auto& layer : result["layers"]) {
    const std::string name = layer["name"];
    CHECK(layer["frozen"] == name.starts_with("fc1"));
    CHECK(layer["head"] == name.starts_with("fc3"));
    CHECK(layer["lr"].get<double>() == doctest::Approx(name.starts_with("fc3") ? 0.1 : 0.01));
  }
  CHECK(tensor_of(to, "fc1.weight") == tensor_of(from, "fc1.weight"));
  CHECK(tensor_of(to, "fc2.weight") != tensor_of(from, "fc2.weight"));
  CHECK(tensor_of(to, "fc3.bias").size() == 5);
  CHECK(io::read_tensor_file(to).metadata.at("warm_start") == from);
  CHECK(fanin_command({"evaluate", to, "--data", five}).code == 0);

  const auto shown =
      fanin_command({"finetune", "--from", from, "--data", five, "--epochs", "1", "--unfreeze-every", "1"});
  CHECK(shown.code == 0);
  CHECK(holds(shown.err, "warm start from " + from + ": 4 loaded, 2 skipped"));
  CHECK(holds(shown.err, "the head, new for this task"));
  CHECK(holds(shown.err, "epoch 3"));  // when fc1 joins
}

TEST_CASE("finetune: what is in the way names the flags that solve it, and they do") {
  const Scratch scratch;
  const std::string from = trained_on_three(scratch), said = scratch / "said";
  const auto shell = [&](const std::string& flags) {
    const std::string line = fanin_path() + " finetune --from " + from + " --epochs 1 --data '" + five +
                             "' " + flags + " >/dev/null 2> " + said;
    const int status = std::system(line.c_str());
    std::ifstream file(said);
    return Outcome{WEXITSTATUS(status), "", {std::istreambuf_iterator<char>(file), {}}};
  };
  // From what is asked for, by the flags that each message ends its first tensor with, to a run.
  const auto solved = [&](std::string flags, const std::vector<std::string>& expected) {
    for (const auto& wanted : expected) {
      const Outcome refused = shell(flags);
      CAPTURE(flags);
      CAPTURE(refused.err);
      CHECK(refused.code == 1);
      REQUIRE(holds(refused.err, ": " + wanted));
      flags += " " + wanted;
    }
    const Outcome done = shell(flags);
    CHECK_MESSAGE(done.code == 0, flags, done.err);
  };
  const std::string wider = "--model 'mlp(hidden=20-8)' ";
  solved(wider, {"--adapt fc1.weight=keep_rows", "--adapt fc1.bias=keep_rows", "--adapt fc2.weight=repeat"});
  solved(wider, {"--skip-mismatched"});
  solved(wider + "--adapt fc1.weight=repeat --skip fc1.bias --skip fc2.weight",
         {"--adapt fc1.weight=keep_rows"});
  solved("--model conv_net", {"--allow-missing --allow-unexpected --skip-mismatched"});
  solved("--model 'mlp(hidden=16)' --keep-head", {"--allow-unexpected --skip-mismatched"});
  // A layer of another name is found by its shape, with all it has.
  solved("--rename '^fc2=>second'", {"--rename '^second\\.=>fc2.'"});
  solved("--rename '^fc2.weight=>other'", {"--rename '^other$=>fc2.weight'"});
}

TEST_CASE("finetune: says how many parameters train, from when, and which epoch was the best") {
  const Scratch scratch;
  const std::string from = trained_on_three(scratch);
  // fc1 784·16 + 16, fc2 16·8 + 8, fc3 8·5 + 5
  const auto said = [&](const Arguments& more, bool as_json = false) {
    Arguments words = {"finetune", "--from", from, "--data", five};
    words.insert(words.end(), more.begin(), more.end());
    if (as_json) words.emplace_back("--json");
    const Outcome outcome = fanin_command(words);
    REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
    return as_json ? outcome.out : outcome.err;
  };
  CHECK(holds(said({"--epochs", "2"}), "mlp(hidden=16-8): 12741 of 12741 parameters train; values from"));
  CHECK(holds(said({"--freeze", "fc1"}), "181 of 12741 parameters train; "));
  CHECK(holds(said({"--freeze", "fc1", "--head-epochs", "1"}),
              "181 of 12741 parameters train, 45 of them from the first epoch on"));
  const json result = json::parse(said({"--freeze", "fc1"}, true));
  CHECK(result["parameters"] == 12741);
  CHECK(result["parameters_trained"] == 181);

  // At such a rate the last epoch is not the best, whichever it is.
  const Arguments rough = {"--lr", "5", "--epochs", "8", "--validation", "0.3", "--clip", "1"};
  const json run = json::parse(said(rough, true));
  const int best = run["best_epoch"];
  REQUIRE(best < 8);
  const auto accuracy = [&](int epoch) {
    return fmt::format(
        "{:.2f}%",
        100 * run["history"][static_cast<std::size_t>(epoch - 1)]["validation_accuracy"].get<double>());
  };
  CHECK(holds(said(rough), fmt::format("best epoch: {} of 8, validation accuracy {}, where the last has {}; "
                                       "--restore-best ends with its weights",
                                       best, accuracy(best), accuracy(8))));
  Arguments restoring = rough;
  restoring.emplace_back("--restore-best");
  CHECK(holds(said(restoring), "its weights are restored"));
  CHECK_FALSE(holds(said({"--lr", "0"}), "best epoch: 2"));
}

TEST_CASE("finetune: what is typed wrong costs one line and code 2") {
  const Scratch scratch;
  const std::string from = trained_on_three(scratch);
  const auto refused = [&](std::vector<std::string> more, const std::string& message, int code = 2) {
    std::vector<std::string> arguments = {"finetune", "--from", from, "--data", five, "--epochs", "1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto outcome = fanin_command(arguments);
    CAPTURE(outcome.err);
    CHECK(outcome.code == code);
    CHECK(holds(outcome.err, message));
    CHECK(holds(outcome.err, "fanin: "));
  };
  refused({"--freeze", "fcc1"}, "did you mean 'fc1'");
  refused({"--freeze", "*"}, "nothing to train");
  refused({"--head", "conv9"}, "head: no layer or parameter matches 'conv9'");
  refused({"--rename", "no arrow"}, "must be as");
  refused({"--rename", "(=>x"}, "not a regular expression");
  refused({"--adapt", "fc1.weight=stretch"}, "stretch");
  refused({"--adapt", "fc3.weight=keep_rows"}, "'fc3.weight' to adapt is of fc3.weight alone");
  refused({"--adapt", "fc?.bias; fc3=keep_rows"}, "--keep-head");
  refused({"--adapt", "fc1.weight=keep_rows", "--skip", "fc1"}, "which is left out: do not skip it");
  refused({"--freeze", "fc1; fcc2"}, "no layer or parameter matches 'fcc2'");
  refused({"--output", "model.npy"}, "no model is written as .npy");
  refused({"--output", "model.onnx"}, "give it a name in .safetensors");
  refused({"--lr-of", "fc1=fast"}, "'fast' is not a finite number");
  refused({"--layer-decay", "2"}, "layer_decay must be in (0, 1], got 2");
  refused({"--shrink", "3"}, "shrink must be in [0, 1], got 3");
  refused(
      {"--init", "fc1=zeros"},
      "has its values already (drawn or loaded); call forget() or reinitialize() to draw anew, or do not load it: --skip fc1");
  refused({"--keep-head"}, "the model wants [5, 8]", 1);
  refused({"--model", "lenet"}, "tensors in the way", 1);
  CHECK(fanin_command({"finetune", "--from", "/no/such/file", "--data", five}).code == 1);
  CHECK(fanin_command({"finetune"}).code == 2);
}

TEST_CASE("compare: runs from older weights are not kept, whichever of a model's files changed") {
  const Scratch scratch;
  const std::string weights = trained_on_three(scratch), index = scratch / "m.index.json",
                    exported = scratch / "m.onnx", data = scratch / "m.onnx.data";
  const auto write_external_data = [&] {
    std::ofstream out(data, std::ios::binary);
    std::string initializers;
    for (const auto& one : io::read_tensor_file(weights).tensors) {
      std::vector<std::uint64_t> sizes(one.sizes.begin(), one.sizes.end());
      initializers += onnx::bytes(
          5, onnx::tensor(1, sizes,
                          onnx::external("location", "m.onnx.data") +
                              onnx::external("offset", std::to_string(out.tellp())) + onnx::number(14, 1),
                          one.name));
      const auto values = one.to_floats();
      out.write(reinterpret_cast<const char*>(values.data()),
                static_cast<std::streamsize>(values.size() * sizeof(float)));
    }
    return onnx::model(initializers);
  };
  std::string map;
  for (const auto& one : io::read_tensor_file(weights).tensors)
    map += (map.empty() ? "\"" : ", \"") + one.name + "\": \"three.safetensors\"";
  std::ofstream(index) << "{\"weight_map\": {" << map << "}}";
  std::ofstream(exported, std::ios::binary) << write_external_data();
  const auto compare = [&](const std::string& file) {
    return fanin_command({"compare", "--models", "mlp(hidden=16-8)", "--data",
                          "synthetic(count=600, only=0..2)", "--seeds", "1", "--epochs", "1", "--schemes",
                          "warm(" + file + ", keep_head=true); {weight_selection(file=" + file + ")}",
                          "--out", scratch / "out"});
  };
  for (const auto& file : {index, exported}) {
    CAPTURE(file);
    const Outcome first = compare(file);
    REQUIRE_MESSAGE(first.code == 0, first.err);
    CHECK(holds(compare(file).err, " taken from "));
  }
  for (const auto& part : {weights, data}) {  // the same bytes
    std::filesystem::copy_file(part, scratch / "same");
    std::filesystem::rename(scratch / "same", part);
  }
  for (const auto& file : {index, exported}) CHECK_MESSAGE(holds(compare(file).err, " taken from "), file);
  REQUIRE(fanin_command({"train", "--model", "mlp(hidden=16-8)", "--data", "synthetic(count=600, only=0..2)",
                         "--epochs", "1", "--seed", "5", "--output", weights})
              .code == 0);
  write_external_data();
  for (const auto& file : {index, exported}) CHECK_MESSAGE(!holds(compare(file).err, " taken from "), file);
}

TEST_CASE("compare: what a scheme has to say is said once, whichever runs meet it") {
  const Scratch scratch;
  const Outcome outcome = fanin_command(
      {"compare", "--models", "mlp(hidden=8)", "--data", "synthetic(count=200)", "--seeds", "3", "--epochs",
       "1", "--jobs", "2", "--schemes", "default; {fc1.weight=trunc_normal(mean=5, std=1, a=-1, b=1)}",
       "--out", scratch / "out"});
  const auto at = outcome.err.find("note: fc1.weight=trunc_normal(mean=5, std=1, a=-1, b=1): fc1.weight: ");
  CHECK(at != std::string::npos);
  CHECK(outcome.err.find("note: ", at + 1) == std::string::npos);
}

TEST_CASE("compare: a warm start beside random schemes, at several label budgets") {
  const Scratch scratch;
  const std::string from = trained_on_three(scratch), out = scratch / "out";
  const std::vector<std::string> arguments = {"compare",
                                              "--models",
                                              "mlp(hidden=16-8)",
                                              "--data",
                                              "synthetic(count=600, only=3..7)",
                                              "--labels-per-class",
                                              "5, all",
                                              "--steps",
                                              "20",
                                              "--epochs",
                                              "1",
                                              "--seeds",
                                              "2",
                                              "--schemes",
                                              "default; warm={warm(" + from + ", freeze=fc1)}",
                                              "--out",
                                              out,
                                              "--json"};
  const auto outcome = fanin_command(arguments);
  REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
  const json result = json::parse(outcome.out);
  CHECK(result["runs"].size() == 8);
  int few = 0;
  for (const auto& run : result["runs"]) {
    CHECK(run["status"] == "ok");
    if (run["model"] == "mlp(hidden=16-8), 5 labels per class") {
      ++few;
      CHECK(run["history"].size() == 20);  // one batch of 25 samples an epoch
    }
  }
  CHECK(few == 4);
  const json& subjects = result["settings"]["subjects"];
  REQUIRE(subjects.size() == 2);
  CHECK(subjects[0]["name"] == "mlp(hidden=16-8), 5 labels per class");
  CHECK(subjects[0]["model"] == "mlp(hidden=16-8)");
  CHECK(subjects[0]["labels_per_class"] == 5);
  CHECK(subjects[1]["labels_per_class"] == 0);
  std::ifstream page(out + "/report.html");
  CHECK(holds({std::istreambuf_iterator<char>(page), {}}, "mlp(hidden=16-8), 5 labels per class"));
  const auto again = fanin_command(arguments);
  CHECK(holds(again.err, " taken from "));
  CHECK(json::parse(again.out)["summary"] == result["summary"]);

  const auto refused = [&](const std::string& option, const std::string& value, const std::string& message) {
    const auto bad = fanin_command(
        {"compare", "--models", "mlp", "--data", "synthetic(count=600)", option, value, "--out", out});
    CAPTURE(bad.err);
    CHECK(bad.code != 0);
    CHECK(holds(bad.err, message));
  };
  refused("--labels-per-class", "5, x", "'x' must be a whole number");
  refused("--labels-per-class", "0", "'0' must be a whole number");
  refused("--labels-per-class", "5000", "cannot take 5000");
  refused("--schemes", "warm(/no/such/file)", "/no/such/file");
  refused("--schemes", "warm(" + from + ", freeze=fcc1)", "tensors in the way");
  refused("--steps", "-1", "--steps must be between");
}
