// Every setting that a result depends on is recorded: in the JSON of a run, in results.json and its page, in
// the fingerprint of kept runs, in checkpoints. Every flag that --help knows is tried, so that a new one
// cannot be forgotten.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>

#include <nlohmann/json.hpp>

#include "tests/io/scratch.hpp"
#include "tests/program/command.hpp"

using nlohmann::json;
using Arguments = std::vector<std::string>;

namespace {

const std::string data = "synthetic(count=40, classes=2, size=8)";

/// Another value for each flag that changes results; none for a flag without one.
const std::map<std::string, Arguments> another = {
    {"--model", {"mlp(hidden=5)"}},
    {"--models", {"mlp(hidden=5)"}},
    {"--init", {"zeros"}},
    {"--data", {"synthetic(count=44, classes=2, size=8)"}},
    {"--seed", {"3"}},
    {"--epochs", {"2"}},
    {"--batch", {"7"}},
    {"--shards", {"2"}},
    {"--sync-batch-norm", {}},
    {"--last-batch", {"drop"}},
    {"--lr", {"0.02"}},
    {"--optimizer", {"rmsprop"}},
    {"--momentum", {"0.5"}},
    {"--nesterov", {}},
    {"--weight-decay", {"0.1"}},
    {"--no-decay", {"*.bias"}},
    {"--schedule", {"step(every=1, gamma=0.5)"}},
    {"--clip", {"1"}},
    {"--class-weights", {"balanced"}},
    {"--label-smoothing", {"0.1"}},
    {"--augment", {"flip"}},
    {"--patience", {"4"}},
    {"--min-delta", {"0.25"}},
    {"--best-by", {"loss"}},
    {"--restore-best", {}},
    {"--validation", {"0.5"}},
    {"--data-seed", {"7"}},
    // compare
    {"--schemes", {"xavier_uniform"}},
    {"--labels-per-class", {"3"}},
    {"--steps", {"9"}},
    {"--seeds", {"2"}},
    {"--first-seed", {"5"}},
    {"--threshold", {"0.5"}},
    {"--tune", {}},
    {"--until", {"0.5"}},
    {"--margin", {"0.25"}},
    // finetune
    {"--from", {"other.safetensors"}},
    {"--head", {"fc1"}},
    {"--keep-head", {}},
    {"--freeze", {"fc1"}},
    {"--train-statistics", {}},
    {"--lr-head", {"0.02"}},
    {"--lr-body", {"0.01"}},
    {"--lr-of", {"fc1=0.03"}},
    {"--layer-decay", {"0.5"}},
    {"--head-epochs", {"1"}},
    {"--unfreeze-every", {"1"}},
    {"--l2-sp", {"0.01"}},
    {"--l2-head", {"0.01"}},
    {"--shrink", {"0.5"}},
    {"--perturb", {"0.1"}},
    {"--skip", {"fc1.bias"}},
    {"--adapt", {"fc1.weight=average"}},
    {"--skip-mismatched", {}},
    {"--allow-missing", {}},
    {"--allow-unexpected", {}},
    {"--allow-nonfinite", {}},
};

/// Flags that say in which form, where things go or how fast, and change no result.
const std::set<std::string> without_effect = {
    "--help",  "--threads",    "--jobs",     "--output",     "--out",
    "--json",  "--confusion",  "--log",      "--checkpoint", "--checkpoint-every",
    "--keep",  "--keep-best",  "--resume",   "--live",       "--format",
    "--again", "--trust-plan", "--baseline", "--quick",      "--quiet"};
/// Need a file made for them; tests of finetune and of image folders look at them.
const std::set<std::string> need_a_file = {"--strip-prefix", "--add-prefix", "--rename", "--key",
                                           "--skip-bad"};

/// The flags of a command, as its help lists them.
std::vector<std::string> flags_of(const std::string& command) {
  const std::string all = fanin_command({command, "--help"}).out, help = all.substr(0, all.find("Examples:"));
  static const std::regex line("\n {2}(?:-[a-zA-Z],)?(--[a-z0-9-]+)");
  std::vector<std::string> flags;
  for (std::sregex_iterator at(help.begin(), help.end(), line), end; at != end; ++at)
    flags.push_back((*at)[1]);
  REQUIRE(flags.size() > 3);
  return flags;
}

/// The arguments with one flag set to another value; where it stands already, that value is replaced.
Arguments with(Arguments arguments, const std::string& flag) {
  const auto value = another.find(flag);
  if (value == another.end()) {
    FAIL(flag, " is a flag of which this test does not know whether it changes results: name it above");
  }
  const auto at = std::find(arguments.begin(), arguments.end(), flag);
  if (at != arguments.end() && !value->second.empty()) {
    *(at + 1) = value->second[0];
    return arguments;
  }
  arguments.push_back(flag);
  arguments.insert(arguments.end(), value->second.begin(), value->second.end());
  return arguments;
}

json output_of(const Arguments& arguments) {
  const Outcome outcome = fanin_command(arguments);
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  return json::parse(outcome.out);
}

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

const Arguments base = {"train",      "--model", "mlp(hidden=4, batch_norm=true)",
                        "--data",     data,      "--epochs",
                        "1",          "--batch", "8",
                        "--momentum", "0.9",     "--json"};

}  // namespace

TEST_CASE("settings: every flag of train that changes results is in its JSON, and in its checkpoints") {
  const Scratch scratch;
  Arguments base_of_train = base;
  base_of_train.insert(base_of_train.end(), {"--validation", "0.25"});  // which --patience would ask for
  const json usual = output_of(base_of_train).at("settings");
  Arguments saved = base_of_train;
  saved.insert(saved.end(), {"--checkpoint", scratch / "run"});
  REQUIRE(fanin_command(saved).code == 0);
  const std::set<std::string> may_change = {"--epochs", "--patience"};
  for (const auto& flag : flags_of("train")) {
    if (without_effect.contains(flag) || need_a_file.contains(flag)) continue;
    CAPTURE(flag);
    CHECK(output_of(with(base_of_train, flag)).at("settings") != usual);
    std::filesystem::remove_all(scratch / "copy");
    std::filesystem::copy(scratch / "run", scratch / "copy");
    Arguments resumed = with(base_of_train, flag);
    resumed.insert(resumed.end(), {"--checkpoint", scratch / "copy", "--resume"});
    const Outcome outcome = fanin_command(resumed);
    CAPTURE(outcome.err);
    CHECK(outcome.code == (may_change.contains(flag) ? 0 : 2));
  }
}

TEST_CASE("settings: every flag of finetune that changes results is in its JSON") {
  const Scratch scratch;
  for (const char* name : {"from.safetensors", "other.safetensors"}) {
    REQUIRE(fanin_command({"train", "--model", "mlp(hidden=4, batch_norm=true)", "--data", data, "--epochs",
                           "1", "--output", scratch / name})
                .code == 0);
  }
  const Arguments tuned = {"finetune",   "--from",  scratch / "from.safetensors",
                           "--data",     data,      "--epochs",
                           "1",          "--batch", "8",
                           "--momentum", "0.9",     "--json"};
  const json usual = output_of(tuned).at("settings");
  for (const auto& flag : flags_of("finetune")) {
    if (without_effect.contains(flag) || need_a_file.contains(flag)) continue;
    CAPTURE(flag);
    Arguments changed = with(tuned, flag);
    if (flag == "--from") changed[2] = scratch / "other.safetensors";
    if (flag == "--model") changed.back() = "mlp(hidden=4, batch_norm=true, activation=tanh)";
    CHECK(output_of(changed).at("settings") != usual);
  }
}

TEST_CASE(
    "settings: every flag of compare that changes results is in results.json and on the page, and makes the run anew") {
  const Scratch scratch;
  const std::string out = scratch / "out";
  // Runs long enough for a rate to be tuned in a part of one.
  const Arguments compared = {"compare",   "--models", "mlp(hidden=4, batch_norm=true)",
                              "--schemes", "default",  "--data",
                              data,        "--epochs", "5",
                              "--batch",   "8",        "--momentum",
                              "0.9",       "--seeds",  "1",
                              "--jobs",    "1",        "--out",
                              out,         "--json"};
  const json usual = output_of(compared).at("settings");
  const std::string usual_page = text_of(out + "/report.html");
  for (const auto& flag : flags_of("compare")) {
    if (without_effect.contains(flag) || need_a_file.contains(flag)) continue;
    CAPTURE(flag);
    const Outcome outcome = fanin_command(with(compared, flag));
    CAPTURE(outcome.err);
    REQUIRE(outcome.code == 0);
    CHECK(json::parse(outcome.out).at("settings") != usual);
    CHECK(text_of(out + "/report.html") != usual_page);
    // More runs beside those of before, or a reason to stop with them.
    // So does what is made of the runs alone.
    if (flag != "--seeds" && flag != "--tune" && flag != "--until" && flag != "--margin")
      CHECK(outcome.err.find(" taken from ") == std::string::npos);
  }
  CHECK(fanin_command(compared).err.find(" taken from ") != std::string::npos);
}

TEST_CASE(
    "settings: results.json and the page say gradient clipping, label smoothing and Nesterov's momentum by name") {
  const Scratch scratch;
  const Outcome outcome = fanin_command({"compare",
                                         "--models",
                                         "mlp(hidden=4)",
                                         "--schemes",
                                         "default",
                                         "--data",
                                         data,
                                         "--epochs",
                                         "1",
                                         "--seeds",
                                         "1",
                                         "--out",
                                         scratch / "out",
                                         "--clip",
                                         "1.5",
                                         "--label-smoothing",
                                         "0.25",
                                         "--momentum",
                                         "0.75",
                                         "--nesterov"});
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  const json training = json::parse(text_of(scratch / "out/results.json")).at("settings").at("training");
  CHECK(training.at("clip") == 1.5);
  CHECK(training.at("label_smoothing") == 0.25);
  CHECK(training.at("nesterov") == true);
  const std::string page = text_of(scratch / "out/report.html");
  for (const char* fact :
       {"<span>clip</span>1.5<", "<span>label smoothing</span>0.25<", "<span>nesterov</span>true<"}) {
    CHECK(page.find(fact) != std::string::npos);
  }
}

TEST_CASE("a seed is digits alone, of whatever command") {
  int seeds = 0;
  for (const char* command : {"train", "finetune", "compare", "probe", "plan", "init"}) {
    for (const std::string& flag : flags_of(command)) {
      if (!flag.ends_with("seed")) continue;
      ++seeds;
      for (const char* value : {"-1", "1.5", "0x10", "18446744073709551616", " 1", ""}) {
        CAPTURE(command);
        CAPTURE(flag);
        CAPTURE(value);
        const Outcome outcome = fanin_command({command, flag, value});
        CHECK(outcome.code == 2);
        CHECK_MESSAGE(
            outcome.err.find("is not a whole number from 0 to 18446744073709551615") != std::string::npos,
            outcome.err);
      }
    }
  }
  CHECK(seeds >= 9);
}
