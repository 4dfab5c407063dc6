// Saved models say how they were made: by which line, with which settings, from which toys, on which machine.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <nlohmann/json.hpp>

#include <fanin/core/printable.hpp>
#include <fanin/io/safetensors.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/train/provenance.hpp>
#include <fanin/train/settings.hpp>

#include "tests/io/scratch.hpp"
#include "tests/message.hpp"
#include "tests/program/command.hpp"

namespace fs = std::filesystem;
using namespace fanin;
using nlohmann::json;
using Arguments = std::vector<std::string>;
using Metadata = std::map<std::string, std::string>;

namespace {

const std::string toys = "synthetic(count=90, size=8, classes=3)";

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE_MESSAGE(file.good(), path);
  return {std::istreambuf_iterator<char>(file), {}};
}

Arguments with(Arguments all, const Arguments& more) {
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

Arguments small(const Arguments& more = {}) {
  return with({"train", "--data", toys, "--model", "mlp(hidden=4)", "--batch", "16"}, more);
}

void run(const Arguments& arguments) {
  const Outcome outcome = fanin_command(arguments);
  REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
}

Metadata metadata_of(const std::string& path) { return io::read_tensor_file(path).metadata; }

/// Pastes a "reproduce" line into a shell.
void paste(const std::string& line, const std::string& output) {
  REQUIRE(line.starts_with("fanin "));
  const std::string command =
      fanin_path() + line.substr(5) + " --output " + shell_word(output) + " 2>/dev/null >/dev/null";
  REQUIRE_MESSAGE(std::system(command.c_str()) == 0, command);
}

/// The file with other metadata.
void forge(const std::string& from, const std::string& to, const Metadata& changes) {
  const io::TensorFile file = io::read_tensor_file(from);
  Metadata metadata = file.metadata;
  for (const auto& [key, value] : changes) metadata[key] = value;
  io::write_safetensors(to, file.tensors, metadata);
}

}  // namespace

TEST_CASE("provenance: a saved model says its line, every setting, the data's checksums and the machine") {
  const Scratch scratch;
  const std::string model = scratch / "model.safetensors";
  run(small({"--epochs", "1", "--clip", "5", "--validation", "0.1", "--threads", "2", "--output", model}));
  const Metadata said = metadata_of(model);
  CHECK(said.at("reproduce") == "fanin train --model 'mlp(hidden=4)' --data '" + toys +
                                    "' --epochs 1 --batch 16 --clip 5 --validation 0.1");
  const json settings = json::parse(said.at("settings"));
  for (const auto& one : train::settings_of(train::TrainOptions{}))
    CHECK_MESSAGE(settings.contains(one.first), one.first);
  CHECK(settings.at("clip") == 5);
  CHECK(settings.at("last_batch") == "keep");  // as it was done, not "auto"
  CHECK(said.at("isa") == train::instruction_set());
  CHECK_FALSE(said.at("cpu").empty());
  // the sums of the sets as they were read, which results.json has too
  run({"compare", "--models", "mlp(hidden=4)", "--schemes", "default", "--data", toys, "--epochs", "1",
       "--seeds", "1", "--out", scratch / "compared"});
  const json results = json::parse(bytes_of(scratch / "compared/results.json"));
  for (const json& set : results.at("data"))
    CHECK(said.at("checksum_" + set.at("part").get<std::string>()) ==
          std::to_string(set.at("count").get<int>()) + " images, CRC-32 " +
              set.at("checksum").get<std::string>());
  const Outcome shown = fanin_command({"inspect", model});
  CHECK(holds(shown.out, "  settings: epochs=1, batch=16, "));
  for (const char* key : {"reproduce", "checksum_training", "checksum_test", "cpu", "isa"})
    CHECK_MESSAGE(holds(shown.out, "  " + std::string(key) + ": " + printable(said.at(key))), key);
}

TEST_CASE("provenance: the line a model says makes the same file, pasted into a shell") {
  const Scratch scratch;
  const std::string first = scratch / "first.safetensors", second = scratch / "second.safetensors";
  run(small({"--epochs", "2", "--seed", "3", "--init", "fc1=orthogonal; *.bias=zeros", "--momentum=0.9",
             "--patience", "1", "--keep-best", "--checkpoint", scratch / "run", "--output", first}));
  paste(metadata_of(first).at("reproduce"), scratch / "first again");
  CHECK(bytes_of(scratch / "first again") == bytes_of(first));
  run({"finetune", "--from", first, "--data", toys, "--epochs", "1", "--freeze", "fc1", "--lr-head", "0.05",
       "--lr-of", "*.bias=0.01", "--lr-of", "fc2.weight=0.02", "--train-statistics", "--output", second});
  paste(metadata_of(second).at("reproduce"), scratch / "second again");
  CHECK(bytes_of(scratch / "second again") == bytes_of(second));
}

TEST_CASE("provenance: a resumed run saves the bytes of an unbroken one, however its line was typed") {
  const Scratch scratch;
  const Arguments typed = small({"--lr", "0.05", "--momentum", "0.9"});
  run(with(typed, {"--epochs", "3", "--output", scratch / "whole"}));
  run(with(typed, {"--epochs", "1", "--checkpoint", scratch / "run"}));
  run({"train", "--resume", "--momentum=0.9", "--lr=0.05", "--checkpoint", scratch / "run", "--epochs", "3",
       "--batch=16", "--threads", "2", "--data", toys, "--model", "mlp(hidden=4)", "--log", scratch / "log",
       "--output", scratch / "rest"});
  CHECK(bytes_of(scratch / "rest") == bytes_of(scratch / "whole"));
  CHECK(json::parse(metadata_of(scratch / "rest").at("settings")).at("epochs") == 3);
  // and the checkpoint is that file and more
  run({"convert", scratch / "run/step-00000018.safetensors", scratch / "model.safetensors", "--model-only"});
  CHECK(bytes_of(scratch / "model.safetensors") == bytes_of(scratch / "whole"));
}

TEST_CASE("provenance: a model made from weight files holds their checksums") {
  const Scratch scratch;
  const auto tuned = [&](const std::string& from) {
    run({"finetune", "--from", from, "--data", toys, "--epochs", "1", "--output", scratch / "tuned"});
    return metadata_of(scratch / "tuned").at("checksum_weights");
  };
  const std::string path = scratch / "start.safetensors";
  run(small({"--epochs", "1", "--output", path}));
  const std::string one = tuned(path);
  CHECK(one.starts_with("CRC-32 "));
  CHECK(tuned(path) == one);
  run(small({"--epochs", "1", "--seed", "1", "--output", path}));
  CHECK(tuned(path) != one);
  run({"train", "--data", toys, "--model", "mlp(hidden=2)", "--epochs", "1", "--init",
       "*.weight=weight_selection(file=" + path + ")", "--output", scratch / "selected"});
  CHECK(metadata_of(scratch / "selected").contains("checksum_weights"));
  CHECK_FALSE(metadata_of(path).contains("checksum_weights"));
}

TEST_CASE("provenance: evaluate says when the data are not what the model was trained with") {
  const Scratch scratch;
  const std::string model = scratch / "model.safetensors", other = scratch / "other.safetensors";
  run(small({"--epochs", "1", "--output", model}));
  forge(model, other, {{"checksum_test", "90 images, CRC-32 00000000"}});
  const auto evaluated = [](const std::string& path, const Arguments& more) {
    const Outcome outcome = fanin_command(with({"evaluate", path}, more));
    REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
    return outcome;
  };
  const auto same = [&](const std::string& path, const Arguments& more) {
    return json::parse(evaluated(path, with(more, {"--json"})).out).value("data_as_when_trained", json());
  };
  CHECK(evaluated(model, {"--data", toys}).err.empty());
  CHECK(same(model, {"--data", toys}) == true);
  CHECK(same(model, {"--data", toys, "--split", "train"}) == true);
  const Outcome told = evaluated(other, {"--data", toys});
  CHECK(holds(told.err, "these are other test images than when the model was trained"));
  CHECK(holds(told.err, "then 90 images, CRC-32 00000000"));
  CHECK(line_count(told.err) == 1);
  CHECK(same(other, {"--data", toys}) == false);
  CHECK(same(other, {"--data", toys, "--split", "train"}) == true);
  // of another data set nobody expects the same
  const std::string elsewhere = "synthetic(count=60, size=8, classes=3)";
  CHECK(evaluated(other, {"--data", elsewhere}).err.empty());
  CHECK(same(other, {"--data", elsewhere}).is_null());
}

TEST_CASE("provenance: what a file says of itself is shown as text, and nothing of it is done") {
  const Scratch scratch;
  const std::string model = scratch / "model.safetensors", forged = scratch / "forged.safetensors";
  run(small({"--epochs", "1", "--output", model}));
  const std::string evil =
      "\x1b]0;x\x07\xc2\x9b"
      "2J\n$(touch " +
      (scratch / "touched") + ")\xe2\x80\xae";
  forge(model, forged,
        {{"reproduce", evil}, {"settings", evil}, {"cpu", evil}, {"isa", evil}, {"checksum_test", evil}});
  for (const Arguments& arguments : std::vector<Arguments>{{"inspect", forged},
                                                           {"inspect", forged, "--json"},
                                                           {"evaluate", forged, "--data", toys},
                                                           {"evaluate", forged, "--data", toys, "--json"}}) {
    const Outcome outcome = fanin_command(arguments);
    CHECK_MESSAGE(outcome.code == 0, outcome.err);
    CHECK(printable_lines(outcome.out + outcome.err) == outcome.out + outcome.err);
  }
  CHECK_FALSE(fs::exists(scratch / "touched"));
  // a text without end is cut
  forge(model, forged, {{"reproduce", std::string(1'000'000, 'x')}});
  CHECK(fanin_command({"inspect", forged}).out.size() < 20'000);
}
