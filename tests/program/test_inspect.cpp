// fanin inspect and fanin convert through the command line.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include <nlohmann/json.hpp>

#include <fanin/models.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/start/state_dict.hpp>

#include "tests/io/bytes.hpp"
#include "tests/io/scratch.hpp"
#include "tests/io/zip_bytes.hpp"
#include "tests/message.hpp"
#include "tests/program/command.hpp"

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

const std::string reference = "tests/reference/files/";

/// A small trained model.
const std::string& model() {
  static const Scratch scratch;
  static const std::string path = [] {
    const std::string saved = scratch / "model.safetensors";
    const Outcome outcome =
        fanin_command({"train", "--data", "synthetic(count=100)", "--model", "mlp(hidden=8)", "--epochs", "1",
                       "--init", "*=kaiming_normal; *.bias=zeros", "--seed", "3", "--output", saved});
    REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
    return saved;
  }();
  return path;
}

void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

std::string bytes_in(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE(
    "program: inspect draws the start of an older file, which says nothing of draws, as it was drawn then") {
  using namespace fanin;
  const Scratch scratch;
  const auto saved = [&](const char* name, bool by_slots, const char* draws) {
    const auto net = models::build("mlp(hidden=8-6)", {});
    Generator generator(3);
    const auto plan = init::Plan::parse("fc1.weight=zeros");
    if (by_slots)
      start::initialize(*net, plan, generator);
    else
      start::initialize_by_one_stream(*net, plan, generator);
    std::map<std::string, std::string> metadata = {{"model", "mlp(hidden=8-6)"},
                                                   {"plan", plan.to_string()},
                                                   {"seed", "3"},
                                                   {"data", "x"},
                                                   {"channels", "1"},
                                                   {"height", "28"},
                                                   {"width", "28"},
                                                   {"classes", "10"},
                                                   {"class_names", "[]"},
                                                   {"mean", "[0]"},
                                                   {"stddev", "[1]"}};
    if (draws) metadata["draws"] = draws;
    start::save_model(scratch / name, *net, metadata);
    return scratch / name;
  };
  const auto unmoved = [](const std::string& path) {
    const json file = json::parse(fanin_command({"inspect", path, "--json"}).out).at("files").at(0);
    for (const auto& tensor : file.at("tensors"))
      if (tensor.at("name") == "fc3.weight") return tensor.at("moved").at("distance").get<double>() == 0;
    return false;
  };
  CHECK(unmoved(saved("old", false, nullptr)));
  CHECK(unmoved(saved("old1", false, "1")));
  CHECK(unmoved(saved("new", true, "2")));
  CHECK_FALSE(unmoved(saved("mixed", false, "2")));
  CHECK(holds(fanin_command({"inspect", saved("later", true, "3")}).out, "metadata 'draws' is '3'"));
  const json file = json::parse(fanin_command({"inspect", model(), "--json"}).out).at("files").at(0);
  CHECK(file.at("metadata").at("draws") == "2");
}

TEST_CASE("program: plan and init say what one may not expect of a scheme") {
  for (const char* text : {"trunc_normal(mean=10, std=0.1, a=-2, b=2)", "trunc_normal(mean=-7)"}) {
    const Outcome init = fanin_command({"init", text, "--shape", "100"});
    CHECK(init.code == 0);
    CHECK(holds(init.err, "note: mean = "));
    CHECK(holds(fanin_command({"plan", "--model", "mlp(hidden=4)", "--init", std::string("fc2=") + text}).out,
                "note: fc2.weight: mean = "));
  }
  CHECK(fanin_command({"init", "trunc_normal", "--shape", "100"}).err.empty());
  const auto drawn = [](const char* plan) {
    const json all = json::parse(
        fanin_command({"plan", "--model", "mlp(hidden=16-16)", "--seed", "1", "--init", plan, "--json"}).out);
    std::map<std::string, json> by_name;
    for (const auto& one : all.at("parameters")) by_name[one.at("name")] = one;
    return by_name;
  };
  const auto standard = drawn("default"), ruled = drawn("fc1.weight=kaiming_normal");
  CHECK(standard.at("fc1.weight") != ruled.at("fc1.weight"));
  for (const char* other : {"fc1.bias", "fc2.weight", "fc2.bias", "fc3.weight", "fc3.bias"})
    CHECK(standard.at(other) == ruled.at(other));
}

TEST_CASE("program: inspect says what is in a file, and how far a model has moved from its own start") {
  const Outcome text = fanin_command({"inspect", model()});
  CAPTURE(text.out);
  CHECK(text.code == 0);
  CHECK(text.err.empty());
  for (const char* part : {"safetensors, 4 tensors, 6370 elements", "fc1.weight", "[8, 784]", "█",
                           "model: mlp(hidden=8)", "moved", "from 0"}) {
    CHECK(holds(text.out, part));
  }
  const json file =
      json::parse(fanin_command({"inspect", model(), "--json", "--histograms"}).out).at("files").at(0);
  CHECK(file.at("metadata").at("seed") == "3");
  REQUIRE(file.at("tensors").size() == 4);
  for (const auto& tensor : file.at("tensors")) {
    const bool bias = holds(tensor.at("name"), "bias");
    CHECK(tensor.at("moved").at("distance").is_null() == bias);  // from zeros, no distance is relative
    if (!bias) {
      CHECK(tensor.at("moved").at("distance") > 0);
      CHECK(tensor.at("moved").at("cosine") > 0.5);
    }
    int counted = 0;
    for (const auto& count : tensor.at("histogram").at("counts")) counted += count.get<int>();
    CHECK(counted == tensor.at("elements"));
  }
  // Not trained at all, it has not moved.
  const Scratch scratch;
  REQUIRE(fanin_command({"train", "--data", "synthetic(count=100)", "--model", "mlp(hidden=8)", "--epochs",
                         "1", "--lr", "0", "--output", scratch / "still.safetensors"})
              .code == 0);
  const json still =
      json::parse(fanin_command({"inspect", scratch / "still.safetensors", "--json"}).out).at("files").at(0);
  for (const auto& tensor : still.at("tensors")) CHECK(tensor.at("moved").at("distance") == 0);
}

TEST_CASE(
    "program: inspect reads every format, NaN and several files; a file that lies about its model is only not compared") {
  for (const char* name : {"state_dict.pt", "state_dict_legacy.pt", "arrays.npz", "compressed.npz",
                           "fortran.npy", "nested.pt"}) {
    CAPTURE(name);
    CHECK(fanin_command({"inspect", reference + name, "--histograms"}).code == 0);
  }
  const Outcome sick = fanin_command({"inspect", reference + "dtypes.pt", reference + "plain.npy"});
  CHECK(sick.code == 0);
  CHECK(holds(sick.out, "1 NaN, 2 inf"));
  CHECK(holds(sick.out, "plain.npy: npy, 1 tensor"));

  const Scratch scratch;
  const std::string whole = bytes_in(model());
  const auto forged = [&](const std::string& from,
                          std::string to) {  // of equal length: the header's size stays
    std::string bytes = whole;
    to.resize(from.size(), ' ');
    bytes.replace(bytes.find(from), from.size(), to);
    write_bytes(scratch / "forged.safetensors", bytes);
    const Outcome outcome = fanin_command({"inspect", scratch / "forged.safetensors"});
    CAPTURE(outcome.out);
    CHECK(outcome.code == 0);
    CHECK(holds(outcome.out, "not compared with the initial values"));
  };
  forged("mlp(hidden=8)", "mlp(hidden=9)");
  forged("mlp(hidden=8)", "lenet");
  forged("mlp(hidden=8)", "nonsense");
  forged("\"seed\":\"3\"", "\"seed\":\"x\"");
  forged("kaiming_normal", "kaiming_abnorm");
}

TEST_CASE("program: inspect lets nothing from a file reach the terminal but text") {
  const Scratch scratch;
  const std::string header =
      R"({"__metadata__":{"key\u001b[31m":"value\u0007\u009b2J"},"a\u202eb":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})";
  write_bytes(scratch / "evil.safetensors", u64(header.size()) + header + "x");
  for (const std::vector<std::string>& more :
       std::vector<std::vector<std::string>>{{}, {"--histograms"}, {"--json"}, {"--diff", model()}}) {
    std::vector<std::string> arguments = {"inspect", scratch / "evil.safetensors"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = fanin_command(arguments);
    CHECK_FALSE(outcome.out.empty());
    for (const char* bad : {"\x1b", "\x07", "\xc2\x9b", "\xe2\x80\xae"})
      CHECK_FALSE(holds(outcome.out + outcome.err, bad));
  }
  // DEL is ASCII, and no escape to a JSON library: what is printed must still say it.
  const std::string del =
      R"({"__metadata__":{"a":"x\u007fy"},"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})";
  write_bytes(scratch / "del.safetensors", u64(del.size()) + del + "x");
  const json said = json::parse(fanin_command({"inspect", scratch / "del.safetensors", "--json"}).out);
  CHECK(said.at("files").at(0).at("metadata").at("a") == "x\x7fy");
  const Outcome named = fanin_command(
      {"inspect", "--diff", "--json", scratch / "del.safetensors", scratch / "del.safetensors"});
  CHECK(json::parse(named.out).at("equal") == true);
  const json several = json::parse(
      fanin_command({"inspect", "--json", scratch / "del.safetensors", reference + "checkpoints/odd.npz"})
          .out);
  CHECK(several.at("files").size() == 2);
  CHECK(several.at("files").at(1).at("left_out").size() > 0);
  CHECK(several.at("files").at(1).at("dicts").empty());
  const Outcome half = fanin_command({"inspect", "--json", scratch / "del.safetensors", scratch / "gone"});
  CHECK(half.code == 1);
  CHECK(half.out.empty());
  const std::string refused = R"({"a":{"dtype":"\u001b[31m","shape":[1],"data_offsets":[0,1]}})";
  write_bytes(scratch / "refused.safetensors", u64(refused.size()) + refused + "x");
  const Outcome outcome = fanin_command({"inspect", scratch / "refused.safetensors"});
  CHECK(outcome.code == 1);
  CHECK(line_count(outcome.err) == 1);
  CHECK_FALSE(holds(outcome.err, "\x1b"));
}

TEST_CASE("program: inspect --diff exits as diff does: 0 equal, 1 different, 2 cannot tell") {
  const Scratch scratch;
  const Outcome equal = fanin_command({"inspect", "--diff", model(), model()});
  CHECK(equal.code == 0);
  CHECK(holds(equal.out, "4 identical"));
  const Outcome unrelated = fanin_command({"inspect", "--diff", model(), reference + "arrays.npz"});
  CHECK(unrelated.code == 1);
  CHECK(unrelated.err.empty());
  CHECK(holds(unrelated.out, "4 only in A, 15 only in B"));
  REQUIRE(fanin_command({"convert", model(), scratch / "half.safetensors", "--dtype", "f16"}).code == 0);
  const Outcome half = fanin_command({"inspect", "--diff", "--json", model(), scratch / "half.safetensors"});
  CHECK(half.code == 1);
  const json differences = json::parse(half.out);
  CHECK(differences.at("equal") == false);
  CHECK(differences.at("tensors").at(0).at("what") == "dtype changed");
  write_bytes(scratch / "cut.safetensors", bytes_in(model()).substr(0, 2000));
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"inspect", "--diff", model(), scratch / "gone"},
                                             {"inspect", "--diff", model(), scratch / "cut.safetensors"},
                                             {"inspect", "--diff", model()},
                                             {"inspect", "--diff", model(), model(), model()},
                                             {"inspect"}}) {
    const Outcome trouble = fanin_command(arguments);
    CAPTURE(trouble.err);
    CHECK(trouble.code == 2);
    CHECK(trouble.out.empty());
    CHECK(line_count(trouble.err) == 1);
  }
  for (const std::string& path :
       {scratch / "gone", scratch / "cut.safetensors", std::string("tests"), std::string("Makefile")}) {
    const Outcome trouble = fanin_command({"inspect", path});
    CHECK(trouble.code == 1);
    CHECK(line_count(trouble.err) == 1);
    CHECK(holds(trouble.err, path));
  }
}

TEST_CASE("program: inspect --diff says what it could not read of either file") {
  const Scratch scratch;
  const std::string array =
      npy_of("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n", raw(1.5f) + raw(-2.0f));
  const ZipPart good{.name = "a.npy", .data = array}, bad{.name = "b.npy", .data = array, .crc = 5};
  write_bytes(scratch / "whole.npz", zip_of({good}));
  write_bytes(scratch / "hurt.npz", zip_of({good, bad}));
  const std::string whole = scratch / "whole.npz", hurt = scratch / "hurt.npz";
  const Outcome text = fanin_command({"inspect", "--diff", whole, hurt});
  CHECK(text.code == 0);
  CHECK(holds(text.out, "not read in B (1), so not compared: b: "));
  CHECK(!holds(text.out, "not read in A"));
  const json both = json::parse(fanin_command({"inspect", "--diff", "--json", hurt, whole}).out);
  CHECK(both.at("left_out_a").at(0).at("name") == "b");
  CHECK(!both.contains("left_out_b"));
  CHECK(!holds(fanin_command({"inspect", "--diff", whole, whole}).out, "not read"));
}

TEST_CASE("program: convert writes other formats, and what it cannot is one line") {
  const Scratch scratch;
  const Outcome npz = fanin_command({"convert", model(), scratch / "m.npz"});
  CHECK(npz.code == 0);
  CHECK(holds(npz.err, "metadata left behind"));
  REQUIRE(fanin_command({"convert", scratch / "m.npz", scratch / "m.safetensors"}).code == 0);
  CHECK(fanin_command({"inspect", "--diff", model(), scratch / "m.safetensors"}).code == 0);
  const Outcome names = fanin_command(
      {"convert", model(), scratch / "n.npy", "--rename", "fc(\\d)=>layer$1", "--only", "layer2.weight"});
  CHECK(names.code == 0);
  CHECK(holds(names.out, "1 tensor, 80 elements"));
  CHECK(holds(fanin_command({"convert", model(), scratch / "h.safetensors", "--dtype", "half"}).out,
              "4 tensors cast"));

  REQUIRE(fanin_command({"train", "--data", "synthetic(count=100)", "--model", "mlp(hidden=8)", "--epochs",
                         "1", "--seed", "3", "--init", "*=kaiming_normal; *.bias=zeros", "--checkpoint",
                         scratch / "run"})
              .code == 0);
  CHECK(fanin_command(
            {"convert", scratch / "run/step-00000002.safetensors", scratch / "k.safetensors", "--model-only"})
            .code == 0);
  CHECK(bytes_in(scratch / "k.safetensors") == bytes_in(model()));

  struct Case {
    std::vector<std::string> arguments;
    int code;
    std::string says;
  };
  const std::vector<Case> cases = {
      {{"convert", model()}, 2, "out"},
      {{"convert", model(), scratch / "x.onnx"}, 2, "must end in .safetensors"},
      {{"convert", model(), scratch / "x.npy"}, 2, "--only"},
      {{"convert", model(), scratch / "x.npz", "--dtype", "f17"}, 2, "'f17'"},
      {{"convert", model(), scratch / "x.npz", "--rename", "fc1"}, 2, "regex=>text"},
      {{"convert", model(), scratch / "x.npz", "--only", "fc9*"}, 2, "fc9*"},
      {{"convert", model(), scratch / "x.npz", "--model-only"}, 2, "not a checkpoint"},
      {{"convert", scratch / "gone", scratch / "x.npz"}, 1, scratch / "gone"},
      {{"convert", model(), scratch / "no/such/x.npz"}, 1, "no/such"},
      {{"convert", reference + "dtypes.pt", scratch / "x.npz", "--dtype", "f16"}, 1, "too large for F16"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.says);
    const Outcome outcome = fanin_command(one.arguments);
    CAPTURE(outcome.err);
    CHECK(outcome.code == one.code);
    CHECK(line_count(outcome.err) == 1);
    CHECK(holds(outcome.err, one.says));
    CHECK_FALSE(fs::exists(scratch / "x.npz"));
  }
}

TEST_CASE("program: nested dicts are listed, and --key chooses one in every command that reads weights") {
  const std::string file = reference + "checkpoints/ema.pt";
  const Outcome shown = fanin_command({"inspect", file});
  CAPTURE(shown.out);
  REQUIRE(shown.code == 0);
  CHECK(holds(shown.out, "more under 'params_ema'"));
  CHECK(holds(shown.out, "(shown)"));
  const json chosen =
      json::parse(fanin_command({"inspect", file, "--key", "params_ema", "--json"}).out).at("files").at(0);
  CHECK(chosen.at("key") == "params_ema");
  CHECK(chosen.at("dicts").size() >= 2);
  const Scratch scratch;
  CHECK(fanin_command({"convert", file, scratch / "ema.npz", "--key", "params_ema"}).code == 0);
  CHECK(fanin_command({"inspect", "--diff", file, scratch / "ema.npz", "--key", "params_ema"}).code == 0);
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"inspect", file, "--key", "param_ema"},
           {"convert", file, scratch / "x.npz", "--key", "param_ema"},
           {"finetune", "--from", file, "--model", "mlp", "--data", "synthetic(count=100)", "--key",
            "param_ema"},
           {"compare", "--models", "mlp", "--schemes", "warm(" + file + ", key=param_ema)", "--data",
            "synthetic(count=100)", "--out", scratch / "out"}}) {
    const Outcome outcome = fanin_command(arguments);
    CAPTURE(outcome.err);
    CHECK(outcome.code != 0);
    CHECK(holds(outcome.err, "did you mean 'params_ema'"));
  }
  const Outcome stripped =
      fanin_command({"convert", file, scratch / "x.npz", "--strip-prefix", "params_ema."});
  CHECK(stripped.code == 2);
  CHECK(holds(stripped.err, "--key params_ema"));
}
