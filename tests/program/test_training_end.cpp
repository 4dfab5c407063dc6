// How training ends, as a user of the program sees it: normalization kept, divergence said, nothing claimed
// of dead runs.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include <nlohmann/json.hpp>

#include "tests/io/scratch.hpp"
#include "tests/message.hpp"
#include "tests/program/command.hpp"

using nlohmann::json;
using Arguments = std::vector<std::string>;

namespace {

const std::string set = "synthetic(count=90, classes=3, size=8)";

Arguments command(const std::string& name, const std::string& model, const Arguments& more) {
  Arguments all = {name, name == "compare" ? "--models" : "--model", model, "--data", set};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

json parsed(const Outcome& outcome) {
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  return json::parse(outcome.out);
}

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("program: a model trained under other constants is evaluated, tuned and compared under them") {
  const Scratch scratch;
  const std::string file = scratch / "n.safetensors", again = scratch / "again.safetensors";
  const json trained = parsed(
      fanin_command(command("train", "mlp(hidden=12)",
                            {"--epochs", "3", "--augment", "flip(p=0); normalise(mean=0.1, stddev=0.05)",
                             "--lr", "0.02", "--output", file, "--json"})));
  const auto evaluated = [](const std::string& path) {
    return parsed(fanin_command({"evaluate", path, "--data", set, "--json"}));
  };
  CHECK((evaluated(file).at("loss") == trained.at("test_loss")));
  CHECK((evaluated(file).at("accuracy") == trained.at("test_accuracy")));
  const json metadata = parsed(fanin_command({"inspect", file, "--json"}));
  CHECK(holds(metadata.dump(), "0.05"));

  const Outcome still = fanin_command({"finetune", "--from", file, "--keep-head", "--data", set, "--epochs",
                                       "1", "--lr", "0", "--output", again, "--json"});
  CHECK((parsed(still).at("test_loss") == trained.at("test_loss")));
  CHECK(holds(still.err, "normalisation: mean 0.1, stddev 0.05 (of " + file));
  CHECK((evaluated(again).at("loss") == trained.at("test_loss")));
  const Outcome other =
      fanin_command({"finetune", "--from", file, "--keep-head", "--data", set, "--epochs", "1", "--lr", "0",
                     "--augment", "normalise(mean=0, stddev=1)", "--json"});
  CHECK((parsed(other).at("test_loss") != trained.at("test_loss")));

  const json warm = parsed(fanin_command({"compare", "--models", "mlp(hidden=12)", "--data", set, "--schemes",
                                          "default; warm(" + file + ", keep_head=true)", "--seeds", "1",
                                          "--epochs", "1", "--lr", "0", "--out", scratch / "c", "--json"}));
  CHECK((warm.at("runs").at(1).at("test_loss") == trained.at("test_loss")));
}

TEST_CASE("program: kept runs and checkpoints of other constants are not those of these") {
  const Scratch scratch;
  const auto compare = [&](const std::string& augment) {
    return fanin_command(command("compare", "mlp(hidden=4)",
                                 {"--schemes", "default", "--seeds", "1", "--epochs", "1", "--augment",
                                  augment, "--out", scratch / "c", "--json"}));
  };
  const json one = parsed(compare("normalise(mean=0, stddev=0.5)"));
  CHECK(holds(compare("normalise(mean=0, stddev=0.5)").err, " taken from "));
  const Outcome other = compare("normalise(mean=0, stddev=0.6)");
  CHECK_FALSE(holds(other.err, " taken from "));
  CHECK((parsed(other).at("runs").at(0).at("test_loss") != one.at("runs").at(0).at("test_loss")));
  CHECK(holds(one.at("settings").dump(), "normalise(mean=0, stddev=0.5)"));

  const auto train = [&](const Arguments& more) {
    Arguments all = command("train", "mlp(hidden=4)", {"--epochs", "1", "--checkpoint", scratch / "k"});
    all.insert(all.end(), more.begin(), more.end());
    return fanin_command(all);
  };
  CHECK(train({}).code == 0);
  CHECK(train({"--resume", "--augment", "normalise(mean=0, stddev=0.6)"}).code == 2);
}

TEST_CASE("program: a run that the last step has wrecked is diverged, exit 1, saves nothing") {
  for (const char* lr : {"1e38", "1e12"}) {
    CAPTURE(lr);
    const Scratch scratch;
    const Outcome outcome = fanin_command(command(
        "train", "mlp(hidden=12)",
        {"--epochs", "1", "--batch", "90", "--lr", lr, "--json", "--output", scratch / "d.safetensors"}));
    CHECK(outcome.code == 1);
    const json result = json::parse(outcome.out);
    CHECK((result.at("status") == "diverged"));
    CHECK(result.at("test_accuracy").is_null());
    CHECK(holds(outcome.err, "training diverged"));
    CHECK(holds(outcome.err, "after step 1"));
    CHECK_FALSE(std::filesystem::exists(scratch / "d.safetensors"));
    for (const std::string& word : {std::string("00000000"), std::string("nan")})
      CHECK_FALSE(holds(outcome.err, word));
  }
}

TEST_CASE(
    "program: compare counts dead runs with chance, without a star, and fails when nothing else is left") {
  const Scratch scratch;
  const auto compare = [&](const std::string& schemes, const std::string& lr, const Arguments& more) {
    Arguments all = command("compare", "mlp(hidden=12)",
                            {"--schemes", schemes, "--lr", lr, "--seeds", "3", "--epochs", "1", "--batch",
                             "90", "--out", scratch / "c"});
    all.insert(all.end(), more.begin(), more.end());
    return fanin_command(all);
  };
  for (const char* lr : {"1e38", "1e12"}) {
    CAPTURE(lr);
    const Outcome dead = compare("default; orthogonal", lr, {});
    CHECK(dead.code == 1);
    CHECK(holds(dead.out, "33.33"));
    CHECK_FALSE(holds(dead.out, "33.33 ±"));  // three equal results say nothing of others
    CHECK(holds(dead.out, "3/3"));
    CHECK_FALSE(holds(dead.out, "*"));
    CHECK(holds(dead.err, "of 6 runs 6 diverged and 0 failed"));
    const json all = json::parse(text_of(scratch / "c/results.json"));
    for (const auto& run : all.at("runs")) {
      CHECK((run.at("status") == "diverged"));
      CHECK(run.at("test_accuracy").get<double>() == 1.0 / 3);
    }
    for (const auto& row : all.at("summary")) {
      CHECK(row.at("mean").get<double>() == doctest::Approx(1.0 / 3).epsilon(1e-15));
      CHECK((row.at("significant") == false));
    }
  }
  CHECK(compare("default; {fc1.weight=normal(std=1e30)}", "0.1", {}).code ==
        0);  // one that lives is something to report
}

TEST_CASE("program: runs that fail stand in the table, the CSV and the page, and alone they are a failure") {
  const Scratch scratch;
  // The second layer's outputs overflow: lsuv cannot fit what is not finite.
  const Outcome outcome = fanin_command(
      command("compare", "mlp(hidden=4-4)",
              {"--schemes", "{fc1.weight=constant(1e30); fc2.weight=constant(1e30); fc3.weight=lsuv}",
               "--seeds", "2", "--epochs", "1", "--out", scratch / "c"}));
  CAPTURE(outcome.err);
  CAPTURE(outcome.out);
  CHECK(outcome.code == 1);
  CHECK(holds(outcome.out, "2/2"));
  CHECK(holds(text_of(scratch / "c/results.csv"), ",failed,"));
  CHECK(holds(text_of(scratch / "c/report.html"), "2 of 2"));
}

TEST_CASE(
    "program: a last batch of one does not end a run with batch statistics; how it is cut is in the results") {
  const std::string model = "mlp(hidden=4, batch_norm=true)", data = "synthetic(count=65, classes=3, size=8)";
  const Scratch scratch;
  const json usual =
      parsed(fanin_command({"train", "--model", model, "--data", data, "--epochs", "2", "--json"}));
  CHECK((usual.at("settings").at("last_batch") == "spread"));
  CHECK((usual.at("steps") == 4));
  const Outcome kept =
      fanin_command({"train", "--model", model, "--data", data, "--epochs", "2", "--last-batch", "keep"});
  CHECK(kept.code == 2);
  CHECK(holds(kept.err, "65 samples in batches of 64"));
  CHECK(holds(kept.err, "use a batch of 63"));
  CHECK(
      (parsed(fanin_command({"train", "--model", "mlp(hidden=4)", "--data", data, "--epochs", "1", "--json"}))
           .at("settings")
           .at("last_batch") == "keep"));
  CHECK(fanin_command({"train", "--data", data, "--last-batch", "sprad"}).code == 2);
  const json compared =
      parsed(fanin_command({"compare", "--models", "mlp(hidden=4); " + model, "--data", data, "--schemes",
                            "default", "--seeds", "1", "--epochs", "1", "--out", scratch / "c", "--json"}));
  CHECK(holds(compared.at("settings").dump(), "\"last_batch\":\"spread\""));
  const Outcome nothing = fanin_command({"compare", "--models", "mlp(hidden=4)", "--data", data, "--schemes",
                                         "default", "--labels-per-class", "all, 2", "--last-batch", "drop",
                                         "--seeds", "1", "--epochs", "1", "--out", scratch / "d"});
  CHECK(nothing.code == 2);
  CHECK(holds(nothing.err, "leaves nothing of 6 training images (--labels-per-class 2) in batches of 64"));
}

TEST_CASE("program: steps to a threshold of runs shorter than the time between two looks") {
  const Scratch scratch;
  const auto run = [&](const std::string& threshold) {
    return fanin_command(command("compare", "mlp(hidden=12)",
                                 {"--schemes", "default", "--seeds", "2", "--epochs", "9", "--lr", "0.2",
                                  "--threshold", threshold, "--out", scratch / "c"}));
  };
  const Outcome reached = run("0.5");
  CHECK(holds(reached.out, "steps to 50 %"));
  CHECK(holds(reached.out, "  18\n"));
  CHECK_FALSE(holds(run("0").out, "steps to"));  // not looked for
}

TEST_CASE("program: after divergence the advice can be followed") {
  const Scratch scratch;
  const std::string folder = scratch / "k";
  const auto train = [&](const Arguments& more) {
    Arguments all = command("train", "mlp(hidden=12)",
                            {"--epochs", "6", "--batch", "90", "--schedule", "step(every=3, gamma=1e22)",
                             "--checkpoint", folder, "--keep", "9"});
    all.insert(all.end(), more.begin(), more.end());
    return fanin_command(all);
  };
  const Outcome diverged = train({"--lr", "0.001"});
  CHECK(diverged.code == 1);
  const auto at = diverged.err.find("fanin finetune --from ");
  REQUIRE(at != std::string::npos);
  const std::string rest = diverged.err.substr(at + 22), file = rest.substr(0, rest.find(' '));
  CHECK(holds(file, "step-00000003"));
  CHECK(fanin_command(
            {"finetune", "--from", file, "--keep-head", "--data", set, "--epochs", "1", "--lr", "0.001"})
            .code == 0);
  const Outcome refused = train({"--lr", "0.0001", "--resume"});
  CHECK(refused.code == 2);
  CHECK(holds(refused.err, "fanin finetune --from " + file));
}

TEST_CASE("program: a model whose weights are not numbers is evaluated to an error, not to an accuracy") {
  const Scratch scratch;
  const std::string good = scratch / "good.safetensors", bad = scratch / "bad.safetensors";
  REQUIRE(fanin_command(command("train", "mlp(hidden=4)", {"--epochs", "1", "--output", good})).code == 0);
  std::string bytes = text_of(good);
  for (std::size_t i = bytes.size() - 4 * 8; i < bytes.size(); ++i) bytes[i] = '\xff';  // NaN
  std::ofstream(bad, std::ios::binary) << bytes;
  for (const Arguments& arguments :
       {Arguments{"evaluate", bad, "--data", set}, Arguments{"evaluate", bad, "--data", set, "--json"}}) {
    const Outcome outcome = fanin_command(arguments);
    CAPTURE(outcome.out);
    CHECK(outcome.code == 1);
    CHECK(outcome.out.empty());
  }
}
