// The program through its command line: exit codes, messages, files.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <nlohmann/json.hpp>

#include <fanin/core/format.hpp>
#include <fanin/init/init.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/nn/linear.hpp>
#include <fanin/start/initialize.hpp>

#include "tests/io/scratch.hpp"
#include "tests/message.hpp"
#include "tests/program/bmp.hpp"
#include "tests/program/command.hpp"

using namespace fanin;
using nlohmann::json;
using Arguments = std::vector<std::string>;

namespace {

const std::string data = "synthetic(count=600)";

/// `train` on the small data set, with `more` behind it; later options win.
Arguments train(const Arguments& more) {
  Arguments all = {"train", "--data", data, "--model", "mlp(hidden=16)", "--epochs", "1"};
  for (std::size_t i = 0; i < more.size(); ++i) {
    const auto at = std::find(all.begin(), all.end(), more[i]);
    if (more[i].starts_with("--") && at != all.end())
      *(at + 1) = more[++i];
    else
      all.push_back(more[i]);
  }
  return all;
}

json json_file(const std::string& path) {
  std::ifstream file(path);
  REQUIRE_MESSAGE(file.good(), path);
  return json::parse(file);
}

std::vector<real> npy_values(const std::string& path, Index count) {
  const io::TensorFile file = io::read_tensor_file(path);
  REQUIRE(file.tensors.size() == 1);
  std::vector<real> values(static_cast<std::size_t>(count));
  file.tensors[0].read_all(values.data());
  return values;
}

}  // namespace

TEST_CASE("program: what the user mistyped is one line that names it and what is near, exit 2") {
  struct Case {
    Arguments arguments;
    std::vector<std::string> says;
  };
  const std::vector<Case> cases = {
      {train({"--init", "kaiming_norml"}), {"kaiming_norml", "'kaiming_normal'"}},
      {train({"--init", "fc*=kaiming_normal(mod=fan_in)"}), {"'mod'", "'mode'", "character 20"}},
      {train({"--init", "normal(std=-1)"}), {"std", "-1"}},
      {train({"--init", "sparse(sparsity=1)"}), {"sparsity", "1"}},
      {train({"--init", "fx1.weight=zeros"}), {"fx1.weight", "fc1"}},
      {train({"--init", "fc1.weight=zeros; fc1.bias=orthogonal"}), {"fc1.bias"}},
      {train({"--model", "mpl"}), {"'mpl'", "'mlp'"}},
      {train({"--model", "mlp(hiden=3)"}), {"'hiden'", "'hidden'"}},
      {train({"--model", "mlp(hidden=3x)"}), {"hidden", "3x"}},
      {train({"--model", "mlp(activation=rellu)"}), {"rellu", "relu"}},
      {train({"--data", "synthetc"}), {"synthetc", "'synthetic'"}},
      {train({"--data", "synthetic(cout=3)"}), {"'cout'", "'count'"}},
      {train({"--data", "synthetic(count=0)"}), {"count", "0"}},
      {train({"--batch", "0"}), {"--batch", "0"}},
      {train({"--epochs", "0"}), {"--epochs", "0"}},
      {train({"--lr", "nan"}), {"--lr"}},
      {train({"--optimizer", "adamm"}), {"'adamm'", "'adam'"}},
      {train({"--schedule", "cosin"}), {"'cosin'", "'cosine'"}},
      {train({"--augment", "fip"}), {"fip", "flip"}},
      {train({"--threads", "0"}), {"threads", "0"}},
      {train({"--seed", "abc"}), {"--seed", "abc"}},
      {train({"--nosuch"}), {"--nosuch", "--help"}},
      {{"trian"}, {"'trian'", "'train'"}},
      {{}, {"--help"}},
      {{"compare", "--data", data, "--schemes", "default; kaimin"}, {"kaimin"}},
      {{"compare", "--data", data, "--schemes", "x={conv1=zeros"}, {"brace"}},
      {{"compare", "--data", data, "--models", "mlp; lenett"}, {"'lenett'", "'lenet'"}},
      {{"compare", "--data", data, "--models", "mlp", "--schemes", "default; x={conv9.weight=zeros}"},
       {"conv9.weight"}},
      {{"compare", "--data", data, "--seeds", "0"}, {"--seeds", "0"}},
      {{"compare", "--data", data, "--jobs", "-1"}, {"--jobs", "-1"}},
      {{"inits", "orthogonl"}, {"'orthogonl'", "'orthogonal'"}},
      {{"init", "zeros"}, {"--shape"}},
      {{"init", "zeros", "--shape", "3,a"}, {"'a'"}},
      {{"init", "zeros", "--shape", "3,x"}, {"''", "3,x"}},
      {{"init", "zeros", "--shape", "3,"}, {"''", "3,"}},
      {{"init", "zeros", "--shape", "1,1,1,1,1,1,1"}, {"7 sizes"}},
      {{"init", "zeros", "--shape", "3,-1"}, {"-1"}},
      {{"init", "zeros", "--shape", "99999,99999,99999"}, {"2^31"}},
      {{"init", "--layer", "liner(3,4)"}, {"liner", "linear"}},
      {{"init", "--layer", "relu"}, {"relu"}},
  };
  for (const auto& [arguments, says] : cases) {
    std::string typed;
    for (const auto& argument : arguments) typed += " " + argument;
    CAPTURE(typed);
    const Outcome outcome = fanin_command(arguments);
    CAPTURE(outcome.err);
    CHECK(outcome.code == 2);
    CHECK(outcome.out.empty());
    CHECK(line_count(outcome.err) == 1);
    CHECK(outcome.err.starts_with("fanin: "));
    for (const auto& part : says) {
      CAPTURE(part);
      CHECK(holds(outcome.err, part));
    }
  }
}

TEST_CASE("program: data that is missing or broken is one line with its path, exit 1") {
  const Scratch scratch;
  std::ofstream(scratch / "text.safetensors") << "not a model";
  std::ofstream(scratch / "text.png") << "not an image";
  struct Case {
    Arguments arguments;
    std::string says;
  };
  const std::vector<Case> cases = {
      {train({"--data", "idx(" + (scratch / "gone") + ")"}), scratch / "gone"},
      {train({"--data", "folder(" + (scratch / "gone") + ")"}), scratch / "gone"},
      {{"evaluate", scratch / "gone.safetensors"}, scratch / "gone.safetensors"},
      {{"evaluate", scratch / "text.safetensors"}, scratch / "text.safetensors"},
      {{"predict", scratch / "gone.safetensors", scratch / "text.png"}, scratch / "gone.safetensors"},
      {{"init", "zeros", "--shape", "2,2", "--output", scratch / "no/such/w.npy"}, scratch / "no/such"},
  };
  for (const auto& [arguments, the_says] : cases) {
    const auto& says = the_says;  // clang 14 captures no structured binding
    CAPTURE(says);
    const Outcome outcome = fanin_command(arguments);
    CAPTURE(outcome.err);
    CHECK(outcome.code == 1);
    CHECK(line_count(outcome.err) == 1);
    CHECK(holds(outcome.err, says));
  }
}

TEST_CASE("program: help teaches by example, exit 0") {
  const Outcome top = fanin_command({"--help"});
  CHECK(top.code == 0);
  for (const char* command : {"train", "compare", "evaluate", "predict", "models", "inits", "init"}) {
    CAPTURE(command);
    CHECK(holds(top.out, command));
    const Outcome help = fanin_command({command, "--help"});
    CHECK(help.code == 0);
    CHECK(help.err.empty());
    CHECK(holds(help.out, std::string("fanin ") + command));
  }
  CHECK(json::parse(fanin_command({"models", "--json"}).out).size() >= 6);
  const json inits = json::parse(fanin_command({"inits", "--json"}).out);
  for (const auto& scheme : inits) CHECK_FALSE(scheme.at("formula").get<std::string>().empty());
  CHECK(inits.size() >= 14);
}

TEST_CASE("program: train --json gives one object with everything in it; equal seeds give equal results") {
  const auto arguments =
      train({"--epochs", "2", "--batch", "30", "--seed", "3", "--init", "kaiming_normal", "--json"});
  const Outcome outcome = fanin_command(arguments);
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  json result = json::parse(outcome.out);
  for (const char* key : {"test_accuracy", "test_loss", "samples_per_s", "history", "settings"})
    CHECK(result.contains(key));
  CHECK((result["status"] == "ok"));
  CHECK((result["test_accuracy"] > 0.5));
  CHECK((result["samples_per_s"] > 0));
  CHECK((result["history"].size() == 2));
  CHECK((result["steps"] == 40));
  const json expected = {{"model", "mlp(hidden=16)"},
                         {"data", data},
                         {"init", "kaiming_normal"},
                         {"seed", 3},
                         {"epochs", 2},
                         {"batch", 30},
                         {"lr", 0.1}};
  for (const auto& [the_key, value] : expected.items()) {
    const auto& key = the_key;  // clang 14 captures no structured binding
    CAPTURE(key);
    CHECK((result["settings"][key] == value));
  }
  CHECK(holds(outcome.err, "epoch"));
  json again = json::parse(fanin_command(train({"--epochs", "2", "--batch", "30", "--seed", "3", "--init",
                                                "kaiming_normal", "--json", "--threads", "2"}))
                               .out);
  for (json* one : {&result, &again}) {
    one->erase("seconds"), one->erase("samples_per_s");
    for (auto& epoch : (*one)["history"]) epoch.erase("seconds");
    (*one)["settings"].erase("threads");
  }
  CHECK((result == again));
}

TEST_CASE("program: a run that diverges says at which step, exit 1, and its JSON is whole") {
  const Outcome outcome = fanin_command(train({"--init", "normal(std=100)", "--lr", "1e6", "--json"}));
  CHECK(outcome.code == 1);
  const json result = json::parse(outcome.out);
  CHECK((result.at("status") == "diverged"));
  CHECK(holds(outcome.err, "step " + std::to_string(result.at("diverged_step").get<int>())));
}

TEST_CASE("program: a saved model is evaluated to what training reported, and predicts") {
  const Scratch scratch;
  const std::string file = scratch / "model.safetensors", image = scratch / "gray.bmp";
  const Outcome trained = fanin_command(train({"--epochs", "2", "--output", file, "--json"}));
  REQUIRE(trained.code == 0);
  const json result = json::parse(trained.out);

  const Outcome evaluated = fanin_command({"evaluate", file, "--data", data, "--json"});
  CAPTURE(evaluated.err);
  REQUIRE(evaluated.code == 0);
  const json evaluation = json::parse(evaluated.out);
  CHECK((evaluation.at("accuracy") == result.at("test_accuracy")));
  CHECK((evaluation.at("loss") == result.at("test_loss")));
  CHECK((evaluation.at("confusion") == result.at("confusion")));

  write_bmp(image, 120);
  const Outcome predicted = fanin_command({"predict", file, image, "--top", "4", "--json"});
  CAPTURE(predicted.err);
  REQUIRE(predicted.code == 0);
  const json prediction = json::parse(predicted.out);
  REQUIRE(prediction.size() == 1);
  REQUIRE((prediction[0].at("top").size() == 4));
  CHECK((prediction[0].at("class") == prediction[0]["top"][0]["class"]));
  double total = 0;
  for (const auto& one : prediction[0]["top"]) total += one.at("probability").get<double>();
  CHECK(total > 0.4);
  CHECK(total <= 1.0001);

  const Outcome unfit = fanin_command({"evaluate", file, "--data", "synthetic(count=100, size=20)"});
  CHECK(unfit.code == 1);
  CHECK(line_count(unfit.err) == 1);
  CHECK(holds(unfit.err, "20"));
  std::ofstream(scratch / "broken.bmp") << "BM";
  const Outcome broken = fanin_command({"predict", file, scratch / "broken.bmp"});
  CHECK(broken.code == 1);
  CHECK(holds(broken.err, "broken.bmp"));
  std::filesystem::resize_file(file, 2000);
  const Outcome cut = fanin_command({"evaluate", file});
  CHECK(cut.code == 1);
  CHECK(line_count(cut.err) == 1);
}

TEST_CASE("program: weights saved for PyTorch say nothing of their model, and the program says so") {
  const Scratch scratch;
  const std::string file = scratch / "model.pth";
  const Outcome trained = fanin_command(train({"--output", file}));
  CHECK(trained.code == 0);
  CHECK(holds(trained.err, "holds the weights alone"));
  const Outcome evaluated = fanin_command({"evaluate", file, "--data", data});
  CHECK(evaluated.code == 1);
  CHECK(holds(evaluated.err, "it is no .safetensors file of 'fanin train --output'"));
  const Outcome array = fanin_command(train({"--output", scratch / "model.npy"}));
  CHECK(array.code == 2);
  CHECK(line_count(array.err) == 1);  // before the training
}

TEST_CASE("program: init writes what the library draws") {
  const Scratch scratch;
  REQUIRE(fanin_command({"init", "kaiming_uniform(a=2.236)", "--shape", "25,78", "--seed", "7", "--output",
                         scratch / "w.npy"})
              .code == 0);
  Tensor w({25, 78});
  Generator generator(7);
  init::parse("kaiming_uniform(a=2.236)").fill(w, generator);
  CHECK(npy_values(scratch / "w.npy", 25 * 78) == w.to_vector());
  std::ifstream raw(scratch / "w.npy", std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(raw), {}};
  CHECK(bytes.starts_with("\x93NUMPY"));
  CHECK(holds(bytes, "(25, 78)"));
  CHECK(holds(bytes, "<f4"));

  REQUIRE(
      fanin_command({"init", "--layer", "linear(12,5)", "--seed", "3", "--output", scratch / "born"}).code ==
      0);
  nn::Linear layer(12, 5);
  Generator second(3);
  start::initialize(layer, second);
  CHECK(npy_values(scratch / "born/weight.npy", 60) == layer.weight->value.to_vector());
  CHECK(npy_values(scratch / "born/bias.npy", 5) == layer.bias->value.to_vector());

  for (const char* scheme : {"xavier_uniform", "orthogonal"}) {
    const Outcome outcome = fanin_command({"init", scheme, "--shape", "10"});
    CAPTURE(outcome.err);
    CHECK(outcome.code != 0);
    CHECK(line_count(outcome.err) == 1);
    CHECK(holds(outcome.err, scheme));
  }
}

TEST_CASE("program: compare writes three files of the promised shape") {
  const Scratch scratch;
  const Outcome outcome =
      fanin_command({"compare", "--data", data, "--models", "mlp(hidden=16)", "--schemes",
                     "default; zeros; mine={fc1.weight=orthogonal; *.bias=constant(0.01)}", "--seeds", "2",
                     "--epochs", "1", "--jobs", "2", "--out", scratch.folder()});
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK(holds(outcome.out, "mine"));
  const json results = json_file(scratch / "results.json");
  CHECK((results.at("settings").at("training").at("epochs") == 1));
  REQUIRE((results.at("runs").size() == 6));
  for (const auto& run : results["runs"]) {
    for (const char* key :
         {"model", "scheme", "seed", "status", "test_accuracy", "history", "profile_start", "profile_end"}) {
      CAPTURE(key);
      CHECK(run.contains(key));
    }
    CHECK((run["status"] == "ok"));
    for (const char* key : {"activation_std", "gradient_norm", "dead_share"})
      CHECK(run["profile_start"][0].contains(key));
  }
  REQUIRE((results.at("summary").size() == 3));
  for (const auto& row : results["summary"]) {
    for (const char* key : {"model", "scheme", "mean", "ci95", "difference_to_default", "steps_to_threshold"})
      CHECK(row.contains(key));
  }
  CHECK((results["summary"][1]["difference_to_default"] < 0));  // zeros
  CHECK(std::filesystem::file_size(scratch / "results.csv") > 100);
  std::ifstream page(scratch / "report.html");
  const std::string html{std::istreambuf_iterator<char>(page), {}};
  CHECK(holds(html, "<html"));
  CHECK(holds(html, "mine"));
  CHECK_FALSE(holds(html, "src=\"http"));
  CHECK_FALSE(holds(html, "href=\"http"));
}

TEST_CASE("program: Ctrl-C keeps the finished runs, and the same command goes on from there") {
  const Scratch scratch;
  const Arguments command = {"compare",
                             "--data",
                             data,
                             "--models",
                             "mlp(hidden=16)",
                             "--schemes",
                             "default; xavier_normal; orthogonal",
                             "--seeds",
                             "3",
                             "--epochs",
                             "12",
                             "--batch",
                             "10",
                             "--jobs",
                             "1",
                             "--out",
                             scratch.folder()};
  const Outcome stopped = fanin_command(command, scratch / "runs");
  CAPTURE(stopped.err);
  CHECK(stopped.code == 1);
  CHECK(holds(stopped.err, "interrupted"));
  const json some = json_file(scratch / "results.json");
  const std::size_t kept = some.at("runs").size();
  CHECK(kept >= 1);
  CHECK(kept < 9);
  const Outcome resumed = fanin_command(command);
  CHECK(resumed.code == 0);
  CHECK(holds(resumed.err, text::counted(kept, "run") + " taken from " + scratch.folder() + "/runs\n"));
  const json all = json_file(scratch / "results.json");
  REQUIRE((all.at("runs").size() == 9));
  CHECK((all["runs"][0] == some["runs"][0]));
}
