// Every later version reads what an earlier one wrote: tests/reference/compat holds a folder a version (make
// compat).
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <fanin/compare/results_json.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/train/checkpoint.hpp>

#include "tests/io/scratch.hpp"
#include "tests/message.hpp"
#include "tests/program/command.hpp"

namespace fs = std::filesystem;
using namespace fanin;
using nlohmann::json;

namespace {

const std::string samples = "synthetic(count=60, size=8, classes=3)";

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<fs::path> versions() {
  std::vector<fs::path> all;
  for (const auto& entry : fs::directory_iterator("tests/reference/compat")) {
    if (entry.is_directory()) all.push_back(entry.path());
  }
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace

TEST_CASE("compatibility: models of earlier versions are read, and give the same") {
  REQUIRE_FALSE(versions().empty());
  for (const auto& version : versions()) {
    CAPTURE(version.string());
    const std::string model = (version / "model.safetensors").string();
    const json then = json::parse(text_of(version / "evaluated.json"));
    const Outcome evaluated = fanin_command({"evaluate", model, "--data", samples, "--json"});
    REQUIRE_MESSAGE(evaluated.code == 0, evaluated.err);
    const json now = json::parse(evaluated.out);
    CHECK(now.at("accuracy") == then.at("accuracy"));
    CHECK(now.at("loss").get<double>() == doctest::Approx(then.at("loss").get<double>()).epsilon(1e-6));
    CHECK(now.at("confusion") == then.at("confusion"));
    const Outcome inspected = fanin_command({"inspect", model, "--json"});
    REQUIRE(inspected.code == 0);
    const json tensors = json::parse(inspected.out).at("files").at(0),
               before = json::parse(text_of(version / "inspected.json")).at("files").at(0);
    CHECK(tensors.at("metadata") == before.at("metadata"));
    REQUIRE(tensors.at("tensors").size() == before.at("tensors").size());
    for (std::size_t i = 0; i < before.at("tensors").size(); ++i) {
      for (const char* key : {"name", "dtype", "shape", "elements"})
        CHECK(tensors["tensors"][i].at(key) == before["tensors"][i].at(key));
      // Its start is drawn again as that version drew it.
      CHECK(tensors["tensors"][i].contains("moved") == before["tensors"][i].contains("moved"));
      if (before["tensors"][i].contains("moved") && before["tensors"][i]["moved"]["distance"].is_number()) {
        CHECK(tensors["tensors"][i]["moved"]["distance"].get<double>() ==
              doctest::Approx(before["tensors"][i]["moved"]["distance"].get<double>()).epsilon(1e-5));
      }
    }
    CHECK(fanin_command({"inspect", "--diff", model, (version / "model.npz").string()}).code == 0);
    CHECK(fanin_command({"finetune", "--from", model, "--data", samples, "--epochs", "1"}).code == 0);
  }
}

TEST_CASE(
    "compatibility: checkpoints of earlier versions are sound, and are gone on from or refused with a reason") {
  for (const auto& version : versions()) {
    CAPTURE(version.string());
    const Scratch scratch;
    fs::copy(version / "run", scratch / "run", fs::copy_options::recursive);
    std::size_t found = 0;
    bool same_format = false;
    for (const auto& entry : fs::directory_iterator(scratch / "run")) {
      if (entry.path().extension() != ".safetensors") continue;
      ++found;
      const std::string path = entry.path().string();
      CHECK(fanin_command({"evaluate", path, "--data", samples}).code == 0);  // a model, whatever its format
      io::TensorFile file = io::read_tensor_file(path);
      CHECK(train::is_checkpoint(file));
      same_format = file.metadata.at("checkpoint.format") == "2";
      // its checksum is right
      if (same_format)
        file = train::read_checkpoint(path);
      else
        CHECK_THROWS_AS(train::read_checkpoint(path), Error);
      train::drop_training_state(file);
      CHECK(file.find("fc1.weight") != nullptr);
    }
    CHECK(found > 0);
    const Outcome resumed =
        fanin_command({"train", "--model", "mlp(hidden=4,batch_norm=true)", "--epochs", "2", "--batch", "16",
                       "--lr", "0.05", "--seed", "3", "--init", "kaiming_normal", "--data", samples,
                       "--checkpoint", scratch / "run", "--resume", "--json"});
    CAPTURE(resumed.err);
    if (!same_format) {
      CHECK(resumed.code != 0);
      CHECK(holds(resumed.err, "a checkpoint of format '1', this version reads format 2"));
      continue;
    }
    REQUIRE(resumed.code == 0);
    const json then = json::parse(text_of(version / "trained.json"));
    CHECK(json::parse(resumed.out).at("test_accuracy") == then.at("test_accuracy"));
  }
}

TEST_CASE("compatibility: comparisons and kept runs of earlier versions are read") {
  for (const auto& version : versions()) {
    CAPTURE(version.string());
    const auto comparison =
        compare::comparison_from_json(text_of(version / "compared/results.json"), "results.json");
    CHECK(comparison.runs.size() == 4);
    for (const auto& run : comparison.runs) CHECK(run.history.size() == 1);
    std::size_t kept = 0;
    for (const auto& entry : fs::directory_iterator(version / "compared/runs")) {
      if (entry.path().extension() == ".json") ++kept;
    }
    CHECK(kept == 4);
    // Whether they count as the same runs is for the settings to say; that they are there stops no
    // comparison.
    const Scratch scratch;
    fs::copy(version / "compared", scratch / "compared", fs::copy_options::recursive);
    const Outcome again =
        fanin_command({"compare", "--models", "mlp(hidden=4)", "--schemes", "default; zeros", "--data",
                       samples, "--epochs", "1", "--seeds", "2", "--out", scratch / "compared"});
    CHECK_MESSAGE(again.code == 0, again.err);
  }
}
