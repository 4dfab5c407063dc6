// Schemes that need data or a place in a model, from the command line.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include <fanin/io/safetensors.hpp>
#include <fanin/io/tensor_file.hpp>

#include "tests/io/scratch.hpp"
#include "tests/message.hpp"
#include "tests/program/command.hpp"

using namespace fanin;
using nlohmann::json;

namespace {
constexpr const char* data = "synthetic(count=120)";
}  // namespace

TEST_CASE(
    "program: a data-dependent scheme trains, alike for any number of threads, and a smaller model starts from a larger") {
  const Scratch scratch;
  const std::string large = scratch / "large.safetensors";
  const auto train = [&](const std::string& model, const std::string& init, const std::string& threads,
                         const std::string& output) {
    const Outcome outcome =
        fanin_command({"train", "--model", model, "--data", data, "--epochs", "1", "--init", init,
                       "--threads", threads, "--output", output, "--json"});
    CAPTURE(outcome.err);
    REQUIRE(outcome.code == 0);
    return json::parse(outcome.out);
  };
  const auto one = train("mlp(hidden=16)", "fc1=lsuv; fc2=krahenbuhl", "1", large);
  const auto two = train("mlp(hidden=16)", "fc1=lsuv; fc2=krahenbuhl", "2", scratch / "two.safetensors");
  CHECK(one.at("test_loss") == two.at("test_loss"));
  CHECK(one.at("initialization") == two.at("initialization"));
  CHECK(one.at("initialization").at(0).at("scheme") == "lsuv");
  const std::string plan = "weight_selection(file=" + large + ")";
  const auto small = train("mlp(hidden=8)", plan, "1", scratch / "small.safetensors");
  CHECK(small.at("settings").at("init") == plan);
}

TEST_CASE(
    "program: inspect fits initial values again where the data set is at hand, and says why not where it is not") {
  const Scratch scratch;
  const std::string still = scratch / "still.safetensors";
  const auto train = [&](const std::string& init) {
    REQUIRE(fanin_command({"train", "--model", "mlp(hidden=16)", "--data", data, "--epochs", "1", "--lr", "0",
                           "--init", init, "--output", still})
                .code == 0);
  };
  for (const char* init : {"lsuv", "krahenbuhl", "fc1=lsuv; fc2=metainit(steps=1)"}) {
    CAPTURE(init);
    train(init);
    const json file =
        json::parse(fanin_command({"inspect", still, "--fit-data", data, "--json"}).out).at("files").at(0);
    for (const auto& tensor : file.at("tensors")) CHECK(tensor.at("moved").at("distance") == 0);
  }
  io::TensorFile moved = io::read_tensor_file(still);
  const auto saved = [&](const char* key, const char* value) {
    auto metadata = moved.metadata;
    metadata[key] = value;
    io::write_safetensors(scratch / "elsewhere.safetensors", moved.tensors, metadata);
    return fanin_command(
        {"inspect", scratch / "elsewhere.safetensors", "--fit-data", value[0] == '[' ? data : value});
  };
  for (const auto& [key, value] : {std::pair{"data", "idx(dir=no/such/folder)"}, {"stddev", "[0.123]"}}) {
    const Outcome outcome = saved(key, value);
    CAPTURE(outcome.out);
    CHECK(outcome.code == 0);
    CHECK(
        holds(outcome.out,
              "not compared with the initial values: fc1.weight, fc2.weight started fitted to images of '"));
    CHECK_FALSE(holds(outcome.out, "moved:"));
  }
}

TEST_CASE("program: schemes that have no meaning where they are named are refused in one line") {
  const std::vector<std::pair<std::vector<std::string>, std::string>> bad = {
      {{"init", "lsuv", "--shape", "4,4"}, "batch of training data"},
      {{"init", "lsuv", "--layer", "linear(4,4)"}, "batch of training data"},
      {{"init", "fixup", "--shape", "4,4"}, "place in its model"},
      {{"train", "--data", data, "--init", "fixup"}, "no residual branch"},
      {{"train", "--data", data, "--init", "lsuv(base=lsuv)"}, "needs no data"},
      {{"train", "--data", data, "--init", "weight_selection"}, "needs a file"},
      {{"train", "--data", data, "--init", "weight_selection(file=no/such.pt)"}, "no/such.pt"},
      {{"train", "--data", data, "--init", "metainit(steps=0)"}, "steps"}};
  for (const auto& [arguments, part] : bad) {
    const Outcome outcome = fanin_command(arguments);
    CAPTURE(outcome.err);
    CHECK(outcome.code == 2);
    CHECK(holds(outcome.err, part));
    CHECK(outcome.err.find('\n') == outcome.err.size() - 1);
  }
}

TEST_CASE("program: compare fits a data-dependent scheme to the images of the label budget alone") {
  const Scratch scratch;
  const Outcome outcome = fanin_command({"compare", "--data", data, "--models", "mlp(hidden=8)", "--schemes",
                                         "default; krahenbuhl", "--labels-per-class", "2, all", "--seeds",
                                         "1", "--epochs", "1", "--out", scratch.folder(), "--json"});
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  const json runs = json::parse(outcome.out).at("runs");
  REQUIRE((runs.size() == 4));
  const auto born = [&](std::size_t i) {
    return runs[i].at("parameters").at(1).at("mean").get<double>();
  };  // fc1.bias
  CHECK(born(0) == born(2));
  CHECK(born(1) != born(3));
}

TEST_CASE("program: init --like gives somebody's file fresh values, and says what it takes each tensor for") {
  const Scratch scratch;
  const std::string theirs = "tests/reference/files/tied.pt", made = scratch / "new.safetensors";
  const Outcome outcome =
      fanin_command({"init", "--like", theirs, "--init", "normal(std=0.5)", "--seed", "4", "--output", made});
  REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
  CHECK(holds(outcome.out, "embedding"));
  CHECK(holds(outcome.out, "tied to embed.weight"));
  const io::TensorFile file = io::read_tensor_file(made);
  CHECK(file.at("out.weight").to_floats() == file.at("embed.weight").to_floats());
  CHECK(file.metadata.at("plan") == "normal(std=0.5)");
  const auto refused = [&](const std::vector<std::string>& more, int code, const std::string& why) {
    std::vector<std::string> words{"init"};
    words.insert(words.end(), more.begin(), more.end());
    const Outcome said = fanin_command(words);
    CHECK_MESSAGE(said.code == code, said.err);
    CHECK_MESSAGE(holds(said.err, why), said.err);
  };
  refused({"--like", theirs, "--init", "lsuv"}, 2, "fits weights to a batch of training data");
  refused({"--like", theirs, "--init", "heda=zeros"}, 2, "heda");
  refused({"--like", theirs, "--shape", "3,3", "zeros"}, 2, "needs one of");
  refused({"--like", scratch / "absent.npz", "zeros"}, 1, "cannot open");
  refused({"--like", theirs, "zeros", "--output", scratch / "no/where.npz"}, 1, "is not a folder");
}
