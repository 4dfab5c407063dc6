// --class-weights in train, finetune and compare; macro F1, balanced accuracy and each class's scores in what
// is printed.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

#include "tests/io/scratch.hpp"
#include "tests/message.hpp"
#include "tests/program/command.hpp"

using nlohmann::json;

namespace {

const std::string data = "synthetic(count=300, classes=3)";

std::vector<std::string> train(std::vector<std::string> more) {
  std::vector<std::string> all = {"train", "--model", "mlp(hidden=8)", "--data", data, "--epochs", "1"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace

TEST_CASE("program: class weights are a setting of train, finetune and compare, and change what is learned") {
  const Scratch scratch;
  const std::string file = scratch / "model.safetensors";
  const Outcome plain = fanin_command(train({"--json", "--output", file})),
                weighted = fanin_command(train({"--json", "--class-weights", "1,5,1"})),
                balanced = fanin_command(train({"--json", "--class-weights", "balanced"}));
  CAPTURE(weighted.err);
  REQUIRE(plain.code == 0);
  REQUIRE(weighted.code == 0);
  REQUIRE(balanced.code == 0);
  CHECK((json::parse(plain.out)["settings"]["class_weights"] == "none"));
  CHECK((json::parse(weighted.out)["settings"]["class_weights"] == "1,5,1"));
  CHECK((json::parse(balanced.out)["settings"]["class_weights"] == "balanced"));
  CHECK((json::parse(weighted.out)["test_loss"] != json::parse(plain.out)["test_loss"]));
  const Outcome tuned = fanin_command(
      {"finetune", "--from", file, "--data", data, "--epochs", "1", "--class-weights", "2,1,1", "--json"});
  CAPTURE(tuned.err);
  REQUIRE(tuned.code == 0);
  CHECK((json::parse(tuned.out)["class_weights"] == "2,1,1"));
  CHECK(json::parse(tuned.out).contains("macro_f1"));
  const Outcome compared = fanin_command({"compare", "--models", "mlp(hidden=8)", "--schemes", "default",
                                          "--seeds", "1", "--epochs", "1", "--data", data, "--class-weights",
                                          "1,5,1", "--out", scratch / "out", "--json"});
  CAPTURE(compared.err);
  REQUIRE(compared.code == 0);
  CHECK(holds(compared.out, "1,5,1"));
}

TEST_CASE("program: class weights that cannot be are named, exit 2") {
  for (const auto& entry :
       std::vector<std::pair<std::string, std::string>>{{"1,2", "2 numbers for the 3 classes"},
                                                        {"balancd", "'balancd' for class 0"},
                                                        {"1,0,1", "'0' for class 1"},
                                                        {"1,nan,1", "'nan' for class 1"}}) {
    const auto& text = entry.first;
    const auto& said = entry.second;
    CAPTURE(text);
    const Outcome outcome = fanin_command(train({"--class-weights", text}));
    CHECK(outcome.code == 2);
    CHECK(holds(outcome.err, "class weights: "));
    CHECK(holds(outcome.err, said));
  }
}

TEST_CASE("program: train and evaluate report macro F1, balanced accuracy and the scores of each class") {
  const Scratch scratch;
  const std::string file = scratch / "model.safetensors";
  const Outcome trained = fanin_command(train({"--confusion", "--output", file}));
  REQUIRE(trained.code == 0);
  for (const char* part : {"macro F1 ", "balanced accuracy ", "precision", "recall"})
    CHECK(holds(trained.out, part));
  const Outcome text = fanin_command({"evaluate", file, "--data", data, "--confusion"});
  for (const char* part : {"macro F1 ", "balanced accuracy ", "precision", "recall", "true \\ predicted"})
    CHECK(holds(text.out, part));
  const Outcome evaluated = fanin_command({"evaluate", file, "--data", data, "--json"});
  REQUIRE(evaluated.code == 0);
  const json result = json::parse(evaluated.out);
  REQUIRE((result["classes"].size() == 3));
  double f1 = 0, recall = 0, right = 0;
  for (std::size_t c = 0; c < 3; ++c) {
    double row = 0, column = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      row += result["confusion"][c][k].get<double>();
      column += result["confusion"][k][c].get<double>();
    }
    const double hit = result["confusion"][c][c];
    right += hit;
    f1 += 2 * hit / (row + column) / 3;
    recall += hit / row / 3;
    CHECK((result["classes"][c]["samples"] == row));
    CHECK(result["classes"][c]["recall"].get<double>() == doctest::Approx(hit / row));
  }
  CHECK(result["macro_f1"].get<double>() == doctest::Approx(f1));
  CHECK(result["balanced_accuracy"].get<double>() == doctest::Approx(recall));
  CHECK(result["accuracy"].get<double>() == doctest::Approx(right / result["count"].get<double>()));
}
