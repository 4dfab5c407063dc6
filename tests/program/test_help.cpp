// What the program says of itself: help that fits, man pages and completions that know every flag, data sets.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <fanin/core/format.hpp>

#include "tests/datasets/files.hpp"
#include "tests/io/scratch.hpp"
#include "tests/message.hpp"
#include "tests/program/command.hpp"

namespace {

using nlohmann::json;
using Arguments = std::vector<std::string>;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

int widest_line(const std::string& text) {
  int widest = 0;
  for (const auto& line : lines_of(text)) widest = std::max(widest, fanin::text::text_width(line));
  return widest;
}

/// The commands, as the program's help lists them.
std::vector<std::string> commands() {
  const std::string help = fanin_command({"--help"}).out;
  static const std::regex line("\n  ([a-z]+) +[A-Z]");
  std::vector<std::string> names;
  for (std::sregex_iterator at(help.begin(), help.end(), line), end; at != end; ++at)
    names.push_back((*at)[1]);
  REQUIRE(names.size() > 13);
  return names;
}

std::set<std::string> flags_of(const std::string& command) {
  const std::string help = fanin_command({command, "--help"}).out;
  static const std::regex line("\n {2}((?:-[a-zA-Z],)?--[a-z0-9-]+(?:,--[a-z0-9-]+)*)"), flag("--[a-z0-9-]+");
  std::set<std::string> flags;
  for (std::sregex_iterator at(help.begin(), help.end(), line), end; at != end; ++at) {
    const std::string names = (*at)[1];
    for (std::sregex_iterator one(names.begin(), names.end(), flag); one != end; ++one)
      flags.insert(one->str());
  }
  return flags;
}

std::string content(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool shell_says_yes(const std::string& command) {
  return std::system((command + " >/dev/null 2>&1").c_str()) == 0;
}

}  // namespace

TEST_CASE("help: fits 80 columns, or as many as there are, and loses no word") {
  std::vector<std::string> all = commands();
  all.emplace_back("");
  for (const auto& command : all) {
    CAPTURE(command);
    const Arguments asked = command.empty() ? Arguments{"help"} : Arguments{"help", command};
    const auto words = [](const std::string& text) {
      std::istringstream in(text);
      std::multiset<std::string> found;
      for (std::string word; in >> word;)
        if (word != "\\") found.insert(word);
      return found;
    };
    const EnvironmentVariable none("COLUMNS", "");
    const Outcome usual = fanin_command(asked);
    CHECK(usual.code == 0);
    CHECK(widest_line(usual.out) <= 80);
    const EnvironmentVariable wide("COLUMNS", "160");
    const std::string wider = fanin_command(asked).out;
    CHECK(widest_line(wider) <= 160);
    CHECK(words(wider) == words(usual.out));
    const EnvironmentVariable narrow("COLUMNS", "100");
    CHECK(widest_line(fanin_command(asked).out) <= 100);
  }
}

namespace {

/// What says the most, of models and data of every kind; the last of each but errors, which are a line each.
std::vector<Arguments> tellers(const Scratch& scratch) {
  const std::string model = scratch / "a model with a longer name.safetensors",
                    other = scratch / "b.safetensors",
                    data = "synthetic(count=300, classes=12, size=8, seed=12345)",
                    network = "mlp(hidden=24-16-12, activation=leaky_relu)";
  const Arguments train = {
      "train",     "--model", network,
      "--data",    data,      "--epochs",
      "3",         "--batch", "16",
      "--output",  model,     "--validation",
      "0.2",       "--init",  "fc1=kaiming_uniform(a=√5, nonlinearity=leaky_relu); *.bias=zeros",
      "--best-by", "loss"};
  Arguments plainly = train;
  plainly[10] = other;
  plainly.insert(plainly.end(), {"--lr", "1e-30"});
  REQUIRE(fanin_command(plainly).code == 0);
  const std::string schemes =
      "default; mine={fc*=kaiming_uniform(a=√5, nonlinearity=leaky_relu); *.bias=constant(0.01)}; zeros; normal(std=30)";
  return {train,
          plainly,
          {"models"},
          {"inits"},
          {"inits", "--of", "keras"},
          {"inits", "kaiming_normal"},
          {"data"},
          {"plan", "--model", "resnet_small", "--init", "kaiming_uniform(a=√5)"},
          {"plan", "--model", "lenet", "--init",
           "normal(std=1.3/sqrt(fan_in)); *.bias=uniform(a=-r, b=r; r=0.1/layer)"},
          {"plan", "--model", network, "--data", data, "--init", "empirical"},
          {"inspect", model},
          {"inspect", "--histograms", model},
          {"inspect", "--spectrum", model},
          {"inspect", "--diff", model, other},
          {"probe", "--model", network, "--data", data, "--init", schemes},
          {"probe", "--model", network, "--data", data, "--init", "zeros", "--detail"},
          {"gain", "gelu"},
          {"evaluate", model, "--data", data, "--confusion"},
          {"init", "--layer", "linear(784,256)", "--seed", "0"},
          {"init", "--like", model, "--output", scratch / "n.safetensors"},
          {"convert", model, scratch / "n.npz"},
          {"finetune", "--from", model, "--data", "synthetic(count=60, classes=3, size=8)", "--epochs", "2",
           "--freeze", "fc1", "--unfreeze-every", "1", "--lr-head", "0.1", "--lr-body", "0.01"},
          {"compare", "--model", network, "--data", data, "--schemes", schemes, "--seeds", "2", "--epochs",
           "2", "--lr", "0.01, 0.1, 1", "--jobs", "1", "--out", scratch / "out"},
          {"compare", "--model", network, "--data", data, "--schemes", schemes, "--seeds", "2", "--epochs",
           "4", "--tune", "--jobs", "1", "--out", scratch / "tuned"}};
}

}  // namespace

TEST_CASE("output: fits 80 columns in a pipe, and as many as $COLUMNS says, in any locale") {
  const Scratch scratch;
  for (const char* locale : {"C.UTF-8", "C"}) {
    const EnvironmentVariable chosen("LC_ALL", locale);
    for (const auto& asked : tellers(scratch)) {
      for (const int width : {80, 100}) {
        const EnvironmentVariable wide("COLUMNS", width == 80 ? "" : "100");
        const Outcome said = fanin_command(asked);
        CAPTURE(asked);
        CAPTURE(said.err);
        CHECK(said.code <= 1);
        for (const auto* text : {&said.out, &said.err}) {
          bool command = false;  // whose words stay whole
          for (const auto& line : lines_of(*text)) {
            const bool goes_on = line.ends_with(" \\");
            const bool of_a_file = holds(line, scratch / "");
            if (!command && !goes_on && !of_a_file && !line.starts_with("fanin: "))
              CHECK_MESSAGE(fanin::text::text_width(line) <= width, line);
            if (std::string_view(locale) == "C")
              CHECK(std::all_of(line.begin(), line.end(),
                                [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
            command = goes_on;
          }
        }
      }
    }
  }
}

TEST_CASE("output: the confusion of many classes stands in several tables and loses no count") {
  const Scratch scratch;
  const std::string data = "synthetic(count=400, classes=30, size=8)", model = scratch / "m.safetensors";
  REQUIRE(
      fanin_command({"train", "--model", "mlp(hidden=8)", "--data", data, "--epochs", "1", "--output", model})
          .code == 0);
  const json result = json::parse(fanin_command({"evaluate", model, "--data", data, "--json"}).out);
  for (const char* columns : {"", "300"}) {
    const EnvironmentVariable width("COLUMNS", columns);
    const std::string said = fanin_command({"evaluate", model, "--data", data, "--confusion"}).out;
    json counts = json::array();
    for (int c = 0; c < 30; ++c) counts.push_back(json::array());
    bool within = false;
    for (const auto& line : lines_of(said)) {
      if (line.starts_with("true \\ predicted")) {
        within = true;
        continue;
      }
      std::istringstream words(line);
      std::size_t truth = 0;
      within = within && (words >> truth);
      std::vector<int> row;
      for (int count = 0; within && words >> count;) row.push_back(count);
      for (std::size_t i = 0; within && i + 1 < row.size(); ++i) counts[truth].push_back(row[i]);
    }
    CHECK((counts == result["confusion"]));
  }
}

TEST_CASE("output: NO_COLOR and dumb terminals find no escape codes, as nothing is coloured") {
  const EnvironmentVariable none("NO_COLOR", "1");
  const EnvironmentVariable dumb("TERM", "dumb");
  const Outcome said = fanin_command({"plan", "--model", "lenet"});
  CHECK_FALSE(holds(said.out + said.err, "\x1b"));
}

TEST_CASE("help: a command's is its --help; an unknown one has a suggestion") {
  CHECK(fanin_command({"help", "train"}).out == fanin_command({"train", "--help"}).out);
  CHECK(fanin_command({"help"}).out == fanin_command({"--help"}).out);
  const Outcome unknown = fanin_command({"help", "trian"});
  CHECK(unknown.code == 2);
  CHECK(holds(unknown.err, "unknown command 'trian'; did you mean 'train'?"));
}

TEST_CASE("help: a locale without UTF-8 gets ASCII that fits too") {
  for (const char* locale : {"C", "de_DE.ISO-8859-1"}) {
    const EnvironmentVariable chosen("LC_ALL", locale);
    const EnvironmentVariable none("COLUMNS", "");
    for (const Arguments& asked :
         std::vector<Arguments>{{"help", "train"}, {"inits", "kaiming_normal"}, {"models"}}) {
      const std::string said = fanin_command(asked).out;
      CHECK(
          std::all_of(said.begin(), said.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
      CHECK(widest_line(said) <= 80);
    }
    CHECK(holds(fanin_command({"inits", "kaiming_normal"}).out, "gain = sqrt2 for relu"));
  }
  const EnvironmentVariable chosen("LC_ALL", "C.UTF-8");
  CHECK(holds(fanin_command({"inits", "kaiming_normal"}).out, "gain = √2 for relu"));
}

TEST_CASE("tables: a narrow terminal breaks cells and loses nothing") {
  const Arguments plan = {"plan", "--model", "mlp(hidden=8)", "--init", "orthogonal"};
  const std::string whole = fanin_command(plan).out;
  const EnvironmentVariable narrow("COLUMNS", "80");
  const std::string broken = fanin_command(plan).out;
  CHECK(widest_line(broken.substr(0, broken.find("\n\n"))) <= 80);
  const auto letters = [](std::string text) {
    std::erase_if(text, [](char c) { return c == ' ' || c == '\n'; });
    std::sort(text.begin(), text.end());
    return text;
  };
  CHECK(letters(whole) == letters(broken));
}

TEST_CASE("man pages name every command and flag") {
  const Scratch scratch;
  REQUIRE(fanin_command({"manual", scratch / "man"}).code == 0);
  const std::string program = content((scratch / "man") + "/fanin.1");
  CHECK(program.starts_with(".TH fanin 1"));
  for (const auto& command : commands()) {
    CAPTURE(command);
    CHECK(holds(program, "\n.B " + command + "\n"));
    const std::string page = content((scratch / "man") + "/fanin-" + command + ".1");
    CHECK(page.starts_with(".TH fanin-" + command + " 1"));
    CHECK(std::all_of(page.begin(), page.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
    for (const auto& name : flags_of(command)) {
      const std::string flag = std::regex_replace(name, std::regex("-"), "\\-");
      CHECK_MESSAGE(holds(page, "\\fB" + flag + "\\fR"), flag);
    }
  }
}

TEST_CASE("completion knows every command and flag, and completes in bash") {
  const std::string bash = fanin_command({"completion", "bash"}).out,
                    zsh = fanin_command({"completion", "zsh"}).out,
                    fish = fanin_command({"completion", "fish"}).out;
  for (const auto& command : commands()) {
    CAPTURE(command);
    for (const auto* script : {&bash, &zsh, &fish}) CHECK(holds(*script, command));
    for (const auto& flag : flags_of(command)) {
      CAPTURE(flag);
      CHECK(holds(bash, flag));
      CHECK((holds(zsh, flag + "[") || holds(zsh, flag + "=[")));
      CHECK(holds(fish, "-l " + flag.substr(2)));
    }
  }
  CHECK(fanin_command({"completion", "csh"}).code == 2);
  const Scratch scratch;
  std::ofstream(scratch / "fanin.bash") << bash;
  const auto completes = [&](const std::string& words, const std::string& expected) {
    return shell_says_yes("bash -c 'source " + (scratch / "fanin.bash") + "; COMP_WORDS=(" + words +
                          "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _fanin; [ \"${COMPREPLY[*]}\" = \"" +
                          expected + "\" ]'");
  };
  CHECK(completes("fanin tra", "train"));
  CHECK_FALSE(completes("fanin tra", "compare"));
  CHECK(completes("fanin train --epo", "--epochs"));
  CHECK(completes("fanin train --json --epo", "--epochs"));  // a flag has no value
  CHECK(completes("fanin train --init ortho", "orthogonal"));
  CHECK(completes("fanin probe --models len", "lenet"));
  CHECK(completes("fanin inits diR", ""));
  CHECK(completes("fanin models len", "lenet"));
  CHECK(completes("fanin data mni", "mnist"));
  CHECK(completes("fanin help comp", "compare completion"));
  CHECK(completes("fanin evaluate nothing_like_it", ""));        // bash completes files then
  CHECK(completes("fanin train --init = ortho", "orthogonal"));  // as bash cuts --init=ortho
  CHECK(completes("fanin train --optimizer ada", "adam adamw"));
  CHECK(completes("fanin train --last-batch sp", "spread"));
  CHECK(completes("fanin compare --format m", "markdown"));
  CHECK(completes("fanin predict --format c", "csv"));
  CHECK(completes("fanin evaluate --split t", "test train"));
  CHECK(completes("fanin convert --dtype b", "bf16"));
  CHECK(completes("fanin inits --of kera", "keras"));
  CHECK(completes("fanin init --schemes dira", "dirac"));
  CHECK(completes("fanin gain relu", "relu relu6"));
  CHECK(holds(zsh, "'*--freeze=["));
  for (const std::string shell : {"zsh", "fish"}) {
    if (!shell_says_yes("command -v " + shell)) continue;
    std::ofstream(scratch / "script") << (shell == "zsh" ? zsh : fish);
    CHECK_MESSAGE(shell_says_yes(shell + " -n " + (scratch / "script")), shell);
  }
}

TEST_CASE("completion names words that the flags take, and a flag called as a word is told of its own") {
  const Scratch scratch;
  const std::string script = fanin_command({"completion", "bash"}).out, model = scratch / "m.safetensors";
  const std::string data = "synthetic(count=40, size=8, classes=2)";
  const Arguments train = {"train",    "--model", "mlp(hidden=4)", "--data", data,
                           "--epochs", "1",       "--batch",       "8"};
  Arguments saving = train;
  saving.insert(saving.end(), {"--output", model, "--validation", "0.2"});
  REQUIRE(fanin_command(saving).code == 0);
  const auto words_of = [&](const std::string& command, const std::string& flag) {
    const std::string before = command + ":" + flag + ") words='";
    const std::size_t at = script.find(before);
    REQUIRE(at != std::string::npos);
    const std::size_t start = at + before.size();
    std::istringstream in(script.substr(start, script.find('\'', start) - start));
    std::vector<std::string> words;
    for (std::string word; in >> word;) words.push_back(word);
    REQUIRE_FALSE(words.empty());
    return words;
  };
  for (const char* flag : {"--optimizer", "--schedule", "--last-batch", "--best-by", "--class-weights"}) {
    for (const auto& word : words_of("train", flag)) {
      CAPTURE(word);
      Arguments asked = train;
      asked.insert(asked.end(), {flag, word, "--validation", "0.2"});
      CHECK(fanin_command(asked).code == 0);
    }
  }
  for (const auto& word : words_of("convert", "--dtype"))
    CHECK(fanin_command({"convert", model, scratch / (word + ".safetensors"), "--dtype", word}).code == 0);
  for (const auto& word : words_of("evaluate", "--split")) {
    const Outcome said = fanin_command({"evaluate", model, "--data", data, "--split", word});
    CHECK_FALSE(holds(said.err, "--split"));
  }
  for (const auto& word : words_of("predict", "--format"))
    CHECK_FALSE(
        holds(fanin_command({"predict", model, scratch / "none.png", "--format", word}).err, "format"));
  for (const auto& word : words_of("inits", "--of")) CHECK(fanin_command({"inits", "--of", word}).code == 0);

  const auto meant = [](const Arguments& asked) { return fanin_command(asked).err; };
  CHECK(holds(meant({"predict", model, "x.png", "--csv"}), "did you mean '--format csv'?"));
  CHECK(holds(meant({"train", "--adam"}), "did you mean '--optimizer adam'?"));
  CHECK(holds(meant({"compare", "--latex"}), "did you mean '--format latex'?"));
  CHECK(holds(meant({"train", "--epoch", "3"}), "did you mean '--epochs'?"));
}

TEST_CASE("help and lists: fit 40 columns but for commands to paste and what has no space") {
  const EnvironmentVariable narrow("COLUMNS", "40");
  std::vector<Arguments> all = {{"models"}, {"inits"},        {"inits", "kaiming_normal"},
                                {"data"},   {"gain", "gelu"}, {"inits", "--of", "keras"}};
  for (const auto& command : commands()) all.push_back({command, "--help"});
  for (const auto& asked : all) {
    CAPTURE(asked);
    for (const auto& line : lines_of(fanin_command(asked).out)) {
      const bool pasted = line.starts_with("      ") && holds(line, "\"");
      if (!pasted) CHECK_MESSAGE(fanin::text::text_width(line) <= 40, line);
    }
  }
}

TEST_CASE("data lists every data set with its options") {
  const std::string said = fanin_command({"data"}).out;
  for (const char* word : {"fashion-mnist", "folder(", "gray", "test", "only", "per_class", "$FANIN_DATA"})
    CHECK_MESSAGE(holds(said, word), word);
  const json all = json::parse(fanin_command({"data", "--json"}).out);
  CHECK(all.size() >= 6);
  for (const auto& data : all) CHECK(data.at("options").contains("per_class"));
  CHECK(all.back().at("options").at("noise").at("default") == "0.25");
}

TEST_CASE("--quiet says nothing but results and errors") {
  const Arguments train = {
      "train",    "--model", "mlp(hidden=4)", "--data", "synthetic(count=40, size=8, classes=2)",
      "--epochs", "1"};
  const Outcome usual = fanin_command(train);
  CHECK_FALSE(usual.err.empty());
  Arguments quietly = train;
  quietly.emplace_back("--quiet");
  const Outcome quiet = fanin_command(quietly);
  CHECK(quiet.code == 0);
  CHECK(quiet.err.empty());
  const auto result = [](const std::string& out) {
    return out.substr(0, out.rfind(", "));
  };  // but for its speed
  CHECK(result(quiet.out) == result(usual.out));
  quietly.insert(quietly.end(), {"--lr", "-1"});
  CHECK(holds(fanin_command(quietly).err, "--lr must be"));
}

TEST_CASE("one vocabulary: --model and --models, --init and --schemes, wherever there is one of them") {
  for (const char* command : {"train", "finetune", "plan", "compare", "probe"}) {
    CAPTURE(command);
    const auto flags = flags_of(command);
    for (const char* flag : {"--model", "--models", "--init", "--schemes"})
      CHECK_MESSAGE(flags.contains(flag), flag);
  }
  CHECK(fanin_command({"plan", "--models", "mlp(hidden=4)", "--schemes", "zeros"}).out ==
        fanin_command({"plan", "--model", "mlp(hidden=4)", "--init", "zeros"}).out);
  CHECK(holds(fanin_command({"plan", "--modle", "lenet"}).err, "did you mean '--model'"));
}
