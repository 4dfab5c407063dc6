// What a new user meets: outputs are tried before the work, rates fit the optimizer, messages help, tables
// call things by their names.
#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <nlohmann/json.hpp>

#include <fanin/core/fail.hpp>
#include <fanin/core/format.hpp>

#include "tests/io/scratch.hpp"
#include "tests/program/bmp.hpp"
#include "tests/program/command.hpp"

namespace fs = std::filesystem;
using Arguments = std::vector<std::string>;
using nlohmann::json;

namespace {

const std::string data = "synthetic(count=60, classes=3, size=8)";
// So long that a run which begins is not over within a test's patience.
const std::string endless = "100000000";

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Arguments operator+(Arguments left, const Arguments& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

const Arguments small = {"train", "--model", "mlp(hidden=8)", "--data", data, "--epochs", "1"};

}  // namespace

TEST_CASE("first contact: an output that cannot be written ends every command before its work, named") {
  const Scratch scratch;
  const std::string model = scratch / "m.safetensors", file = scratch / "file";
  REQUIRE(fanin_command(small + Arguments{"--output", model}).code == 0);
  std::ofstream(file) << "x";
  const Arguments endless_train = {"train", "--model", "mlp(hidden=8)", "--data", data, "--epochs", endless};
  const Arguments endless_tune = {"finetune", "--from", model, "--data", data, "--epochs", endless};
  const Arguments endless_grid = {"compare", "--models", "mlp(hidden=8)", "--data",
                                  data,      "--epochs", endless};
  const std::vector<std::pair<Arguments, std::string>> cases = {
      {endless_train + Arguments{"--output", scratch / "none/x.safetensors"}, scratch / "none"},
      {endless_train + Arguments{"--output", scratch.folder()}, "it is a folder"},
      {endless_train + Arguments{"--output", file + "/x.safetensors"}, file},
      {endless_train + Arguments{"--output", "/dev/null"}, "not a regular file"},
      {endless_train + Arguments{"--output", "/proc/x.safetensors"}, "/proc/x.safetensors"},
      {endless_train + Arguments{"--checkpoint", file}, file},
      {endless_train + Arguments{"--checkpoint", "/proc/x"}, "/proc/x"},
      {endless_tune + Arguments{"--output", scratch / "none/x.safetensors"}, scratch / "none"},
      {endless_tune + Arguments{"--checkpoint", file + "/x"}, file},
      {endless_grid + Arguments{"--out", file}, file},
      {endless_grid + Arguments{"--out", "/proc/x"}, "/proc/x"},
      {{"init", "zeros", "--shape", "3", "--output", scratch / "none/w.npy"}, scratch / "none"},
      {{"init", "--layer", "linear(3,4)", "--output", file}, file},
      {{"convert", model, scratch / "none/x.npz"}, scratch / "none"},
  };
  for (const auto& one : cases) {
    const auto& arguments = one.first;
    const auto& says = one.second;
    CAPTURE(arguments.front());
    CAPTURE(says);
    const Outcome outcome = fanin_command(arguments);
    CAPTURE(outcome.err);
    CHECK(outcome.code == 1);
    CHECK(holds(outcome.err, says));
    CHECK(outcome.out.empty());
    CHECK(line_count(outcome.err) == 1);
  }
  CHECK(text_of(file) == "x");
  for (const auto& entry : fs::directory_iterator(scratch.folder()))
    CHECK_FALSE(holds(entry.path().string(), ".tmp"));
}

TEST_CASE(
    "first contact: a model trained on a folder is evaluated from anywhere, and says which data is missing") {
  const Scratch scratch;
  for (const char* half : {"train", "test"}) {
    for (const char* label : {"dark", "light"}) {
      const std::string folder = scratch / ("pictures/" + std::string(half) + "/" + label);
      fs::create_directories(folder);
      for (int i = 0; i < 4; ++i)
        write_bmp(folder + "/" + std::to_string(i) + ".bmp", label[0] == 'd' ? 20 : 220);
    }
  }
  const std::string here = fs::relative(scratch / "pictures").string(), model = scratch / "m.safetensors";
  const Outcome trained = fanin_command({"train", "--model", "mlp(hidden=4)", "--data",
                                         "folder(" + here + ", size=8)", "--epochs", "1", "--output", model});
  REQUIRE_MESSAGE(trained.code == 0, trained.err);
  const fs::path home = fs::current_path();
  const std::string program = fs::absolute(fanin_path()).string();
  // What a file names is not opened unless the user says so: the words to say it with work in any folder.
  const Outcome asked = fanin_command({"evaluate", model});
  CHECK(asked.code == 2);
  const auto option = asked.err.find("--data ");
  REQUIRE(option != std::string::npos);
  CHECK(holds(asked.err, fs::weakly_canonical(scratch / "pictures").string()));
  const std::string words = asked.err.substr(option, asked.err.find('\n', option) - option);
  CHECK(std::system(
            ("cd / && " + program + " evaluate " + model + " " + words + " >/dev/null 2>&1").c_str()) == 0);
  fs::rename(scratch / "pictures", scratch / "moved");
  CHECK(fanin_command({"evaluate", model, "--data", "folder(" + (scratch / "moved") + ", size=8)"}).code ==
        0);
}

TEST_CASE(
    "first contact: each optimizer has a rate of its own; the header says scheme, seed, optimizer and rate") {
  const Scratch scratch;
  for (const auto& one : {std::pair{"sgd", 0.1}, {"adam", 0.001}, {"adamw", 0.001}, {"rmsprop", 0.001}}) {
    const char* optimizer = one.first;
    const double rate = one.second;
    CAPTURE(optimizer);
    const Outcome outcome = fanin_command(
        small + Arguments{"--optimizer", optimizer, "--json", "--init", "xavier_uniform", "--seed", "7"});
    REQUIRE(outcome.code == 0);
    CHECK(json::parse(outcome.out).at("settings").at("lr") == rate);
    const std::string header = outcome.err.substr(0, outcome.err.find('\n'));
    for (const std::string& part : {std::string("xavier_uniform"), std::string("seed 7"),
                                    std::string(optimizer), "lr " + fmt::format("{}", rate)})
      CHECK(holds(header, part));
  }
  CHECK(json::parse(fanin_command(small + Arguments{"--optimizer", "adam", "--lr", "0.1", "--json"}).out)
            .at("settings")
            .at("lr") == 0.1);
  const std::string model = scratch / "m";
  REQUIRE(fanin_command(small + Arguments{"--output", model}).code == 0);
  const Arguments tune = {"finetune", "--from", model,         "--data", data,
                          "--epochs", "1",      "--optimizer", "adamw"};
  const Outcome tuned = fanin_command(tune + Arguments{"--lr-body", "0.0001", "--json"});
  CHECK(json::parse(tuned.out).at("settings").at("lr") == 0.001);
  CHECK(holds(tuned.err, "lr 0.001 for the head and 0.0001 below"));
  CHECK(json::parse(fanin_command(tune + Arguments{"--lr-head", "0.02", "--json"}).out)
            .at("settings")
            .at("lr") == 0.02);
  const Arguments grid = {"compare", "--models",    "mlp(hidden=8)", "--schemes", "default",
                          "--seeds", "1",           "--data",        data,        "--epochs",
                          "1",       "--optimizer", "adam",          "--out",     scratch / "out"};
  const Outcome compared = fanin_command(grid + Arguments{"--json"});
  CHECK(json::parse(compared.out).at("settings").at("training").at("lr") == 0.001);
  CHECK(holds(compared.err, "1 run: 1 model × 1 scheme × 1 seed, 1 epoch each"));
  CHECK(holds(compared.err, "adam, lr 0.001"));
}

TEST_CASE("first contact: a run that guesses is pointed to probe, one that learns is not") {
  const Scratch scratch;
  const Outcome dead = fanin_command({"train", "--model", "mlp(hidden=8)", "--data", "synthetic(count=600)",
                                      "--epochs", "2", "--init", "zeros", "--lr", "0.01"});
  CHECK(dead.code == 0);
  CHECK(holds(dead.err, "fanin probe --models \"mlp(hidden=8)\" --schemes \"zeros\""));
  CHECK_FALSE(holds(
      fanin_command({"train", "--model", "mlp(hidden=32)", "--data", "synthetic(count=600)", "--epochs", "3"})
          .err,
      "fanin probe"));
  CHECK(holds(fanin_command({"compare", "--models", "mlp(hidden=8)", "--schemes", "zeros; default", "--seeds",
                             "2", "--data", "synthetic(count=600)", "--lr", "0.01", "--epochs", "2", "--out",
                             scratch / "out"})
                  .err,
              "fanin probe"));
}

TEST_CASE("first contact: what is mistyped is answered with what was meant") {
  struct Case {
    Arguments arguments;
    std::vector<std::string> says;
    std::string not_this = "\n\n";
  };
  const std::vector<Case> cases = {
      {{"train", "--modle", "lenet"}, {"'--modle'", "'--model'", "fanin train --help"}, "lenet"},
      {{"compare", "--shemes", "default"}, {"'--shemes'", "'--schemes'"}},
      {{"train", "--learning-rate", "1"}, {"'--learning-rate'"}},
      {{"train", "--wieght-decay=3"}, {"'--wieght-decay'", "'--weight-decay'"}},
      {{"train", "lenet"}, {"'lenet'", "fanin train"}},
      {{"inits", "he"}, {"'kaiming_normal'", "'kaiming_uniform'"}, "eye"},
      {{"inits", "He"}, {"'kaiming_normal'"}},
      {{"inits", "random_uniform"}, {"'uniform'"}, "normal"},
      {{"inits", "default"}, {"fanin plan"}},
      {{"init", "default", "--shape", "2,3"}, {"fanin plan", "kaiming_uniform"}, "did you mean"},
      {{"models", "lenat"}, {"'lenat'", "'lenet'"}},
      {{"data", "mnits"}, {"'mnits'", "'mnist'"}},
      {small + Arguments{"--init", "defualt"}, {"'defualt'", "'default'"}},
      {small + Arguments{"--init", "fc*=He"}, {"'He'", "'kaiming_normal'"}},
      {small + Arguments{"--init", "xq"}, {"'xq'", "known:"}, "did you mean"},
      {small + Arguments{"--optimizer", "Adam"}, {"'Adam'", "'adam'"}},
      {small + Arguments{"--optimizer", "lion"}, {"'lion'", "sgd"}, "did you mean"},
      {small + Arguments{"--schedule", "cosien"}, {"'cosine'"}},
      {small + Arguments{"--best-by", "acuracy"}, {"'accuracy'"}},
      {{"train", "--data", "fashion-mnist(count=3)"}, {"'count'", "per_class"}, "takes no options"},
      {{"train", "--data", "mnist(per_clas=3)"}, {"'per_clas'", "'per_class'"}},
      {{"train", "--data", "synthetic(onyl=3)"}, {"'only'"}},
      {{"train", "--data", "fashion_mnist"}, {"'fashion-mnist'"}},
      {{"plan", "--init", "lsuv"}, {"lsuv", "--data"}, "C++"},
      {{"plan", "--init", "fc*=krahenbuhl"}, {"krahenbuhl", "--data"}, "nn::"},
      {{"train", "--model", "lenett"}, {"'lenet'"}},
  };
  for (const auto& [arguments, says, not_this] : cases) {
    std::string typed;
    for (const auto& argument : arguments) typed += " " + argument;
    CAPTURE(typed);
    const Outcome outcome = fanin_command(arguments);
    CAPTURE(outcome.err);
    CHECK(outcome.code == 2);
    CHECK(line_count(outcome.err) == 1);
    for (const auto& part : says) CHECK(holds(outcome.err, part));
    CHECK_FALSE(holds(outcome.err, not_this));
  }
}

TEST_CASE(
    "first contact: a suggestion is a slip away: letters exchanged, left out, added, replaced, in another case; never another word") {
  const std::vector<std::string> known = {"default", "eye",   "kaiming_normal", "sgd",
                                          "adam",    "adamw", "lenet",          "mlp"};
  for (const auto& one : {std::pair{"defualt", "'default'"},
                          {"deafult", "'default'"},
                          {"defalt", "'default'"},
                          {"DEFAULT", "'default'"},
                          {"adma", "'adam'"},
                          {"mpl", "'mlp'"},
                          {"kaimin", "'kaiming_normal'"},
                          {"len", "'lenet'"},
                          {"eey", "'eye'"}}) {
    const char *typed = one.first, *meant = one.second;
    CAPTURE(typed);
    CHECK(holds(fanin::suggest(typed, known), std::string("did you mean ") + meant));
  }
  for (const char* typed : {"he", "x", "", "ab", "sum", "relu", "momentum"}) {
    CAPTURE(typed);
    CHECK(holds(fanin::suggest(typed, known), "; known: default"));
  }
}

TEST_CASE(
    "first contact: a comparison without the default names its baseline; label budgets are not models; zero has no sign") {
  const Scratch scratch;
  const std::string out = scratch / "out";
  const Outcome outcome = fanin_command({"compare", "--models", "mlp(hidden=8)", "--schemes",
                                         "xavier_uniform; zeros", "--labels-per-class", "2, 4, all",
                                         "--seeds", "2", "--data", data, "--epochs", "1", "--out", out});
  REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
  const std::string page = text_of(out + "/report.html");
  const std::string tables = page.substr(0, page.find("<script type"));
  CHECK(holds(outcome.out, "to xavier_uniform"));
  CHECK(holds(outcome.out, "baseline"));
  CHECK_FALSE(holds(outcome.out, "default"));
  CHECK(holds(tables, "difference to xavier_uniform"));
  CHECK_FALSE(holds(tables, "difference to default"));
  CHECK_FALSE(holds(tables, "above the default"));
  CHECK_FALSE(holds(tables, "The default"));
  CHECK(holds(outcome.err, "12 runs: 1 model × 3 label budgets × 2 schemes × 2 seeds"));
  CHECK(holds(tables, "1 model × 3 label budgets × 2 schemes × 2 seeds"));
  using fanin::text::percent, fanin::text::signed_percent;
  CHECK(signed_percent(-0.0) == "0.00");
  CHECK(signed_percent(-0.00001) == "0.00");
  CHECK(signed_percent(0.00001, 1) == "0.0");
  CHECK(signed_percent(-0.0001) == "-0.01");
  CHECK(signed_percent(0.25, 1) == "+25.0");
  CHECK(percent(-1e-9) == "0.00");
}
