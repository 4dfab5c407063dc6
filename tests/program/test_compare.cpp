// fanin compare through its command line: what it says while it runs and at the end, and how its results say
// how they were made and are made again.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include <fanin/core/format.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/core/version.hpp>

#include "tests/datasets/files.hpp"
#include "tests/io/scratch.hpp"
#include "tests/message.hpp"
#include "tests/program/command.hpp"

namespace fs = std::filesystem;
using namespace fanin;
using nlohmann::json;
using Arguments = std::vector<std::string>;

namespace {

const std::string data = "synthetic(count=90, size=8, classes=3)";

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_text(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

/// A small comparison with `more` behind it.
Arguments small(const std::string& out, const Arguments& more = {}) {
  Arguments all = {"compare", "--models", "mlp(hidden=4)", "--data", data, "--epochs", "1",
                   "--seeds", "2",        "--out",         out};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

json made(const std::string& out, const Arguments& more = {}) {
  const Outcome outcome = fanin_command(small(out, more));
  REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
  return json::parse(text_of(out + "/results.json"));
}

/// The runs of a results.json without what no two have in common.
json bits(json results) {
  for (auto& run : results.at("runs")) {
    run.erase("seconds");
    run.erase("samples_per_s");
    for (auto& epoch : run.at("history")) epoch.erase("seconds");
  }
  return results.at("runs");
}

const Arguments two = {"--schemes", "default; zeros"};

}  // namespace

TEST_CASE("compare: a sweep is several schemes, in compare and in probe") {
  const Scratch scratch;
  const json results =
      made(scratch / "out", {"--schemes", "orthogonal(gain={1, 2}); mine={fc1=normal(std={0.1, 0.2})}"});
  CHECK(results.at("settings").at("schemes") ==
        json({"orthogonal(gain=1)", "orthogonal(gain=2)", "mine (std=0.1)", "mine (std=0.2)"}));
  CHECK(results.at("runs").size() == 8);
  const Outcome probed = fanin_command({"probe", "--models", "mlp(hidden=4)", "--schemes",
                                        "orthogonal(gain={1, 1.41})", "--data", data, "--batch", "8"});
  REQUIRE_MESSAGE(probed.code == 0, probed.err);
  CHECK(holds(probed.out, "orthogonal(gain=1) "));
  CHECK(holds(probed.out, "orthogonal(gain=1.41) "));
  for (const char* command : {"compare", "probe"}) {
    const Outcome bad = fanin_command({command, "--schemes", "orthogonal(gain={1, 2)", "--data", data});
    CHECK(bad.code == 2);
    CHECK(holds(bad.err, "the '{' of a sweep is not closed at character 17 of 'orthogonal(gain={1, 2)'"));
    CHECK(line_count(bad.err) == 1);
  }
  const Outcome one = fanin_command({"train", "--init", "orthogonal(gain={1, 2})", "--data", data});
  CHECK(one.code == 2);
  CHECK(holds(one.err, "a sweep {…} is several values, where one is expected"));
}

TEST_CASE("compare: results say what they were made with") {
  const Scratch scratch;
  const json results = made(scratch / "out", {"--schemes", "default; zeros", "--jobs", "1", "--clip", "5"});
  CHECK(results.at("schema") == 3);
  CHECK(results.at("version") == version);
  CHECK(results.at("jobs") == 1);
  CHECK_FALSE(results.at("cpu").get<std::string>().empty());
  const auto isa = results.at("isa").get<std::string>();
  CHECK((isa == "baseline" || isa == "avx2" || isa == "avx512"));
  const auto words = results.at("command").get<Arguments>();
  CHECK(words[0] == "fanin");
  CHECK(words[1] == "compare");
  for (const char* word : {"--out", "--jobs", "--schemes", "default; zeros", data.c_str()})
    CHECK_MESSAGE(std::find(words.begin(), words.end(), word) != words.end(), word);
  const json& sets = results.at("data");
  REQUIRE(sets.size() == 2);
  CHECK(sets[0].at("part") == "training");
  CHECK(sets[0].at("name") == data);
  CHECK(sets[0].at("count") == 90);
  CHECK(sets[0].at("checksum").get<std::string>().size() == 8);
  CHECK(sets[1].at("part") == "test");
  CHECK(sets[0].at("checksum") != sets[1].at("checksum"));
}

TEST_CASE("compare: the line to reproduce it does, pasted into a shell") {
  const Scratch scratch;
  const Arguments more = {"--schemes",  "default; it's={fc1=normal(std=0.1)\n*.bias=zeros}",
                          "--jobs",     "1",
                          "--clip",     "5",
                          "--momentum", "0.9",
                          "--batch",    "64"};
  const json results = made(scratch / "out", more);
  const Outcome again = fanin_command(small(scratch / "out", more));
  const std::string start = "reproduce with: fanin ";
  const auto at = again.err.find(start);
  REQUIRE(at != std::string::npos);
  const std::string line = again.err.substr(at + start.size());
  CHECK_FALSE(holds(line, "--out"));
  CHECK_FALSE(holds(line, "--jobs"));
  CHECK_FALSE(holds(line, "--batch"));  // 64 is the default
  CHECK(holds(line, "--clip 5"));
  const std::string rest = line.substr(0, line.rfind('\n', line.find(" cannot be told from guessing")));
  const std::string command = fanin_path() + " " + rest + " --out " + shell_word(scratch / "other") + " >" +
                              (scratch / "said") + " 2>&1";
  CHECK_MESSAGE(std::system(command.c_str()) == 0, command, text_of(scratch / "said"));
  CHECK(bits(json::parse(text_of(scratch / "other/results.json"))) == bits(results));
  // A flag takes no word with it, whether it stays or goes.
  const std::string reproduce =
      "[\"fanin\",\"compare\",\"--models\",\"mlp(hidden=4)\",\"--data\",\"" + data +
      "\",\"--epochs\",\"1\",\"--seeds\",\"2\",\"--nesterov\",\"--momentum\",\"0.9\","
      "\"--schemes\",\"zeros\"]";
  const Arguments flags = {"--json", "--nesterov", "--momentum", "0.9", "--live", "--schemes", "zeros"};
  CHECK(made(scratch / "flags", flags).at("reproduce").dump() == reproduce);
}

TEST_CASE("compare: --again makes every run anew and says whether the bits are the same") {
  const Scratch scratch;
  const json results = made(scratch / "out", two);
  const std::string file = scratch / "out/results.json";
  const Outcome same = fanin_command({"compare", "--again", file, "--out", scratch / "again", "--jobs", "1"});
  REQUIRE_MESSAGE(same.code == 0, same.err);
  CHECK(holds(same.out, "4 runs: all bits are the same"));
  CHECK(holds(same.out, "mlp(hidden=4) / default / seed 0"));
  CHECK_FALSE(holds(same.err, "taken from"));
  CHECK_FALSE(holds(same.err, "another"));
  CHECK(bits(json::parse(text_of(scratch / "again/results.json"))) == bits(results));
  // and again from that one
  CHECK(fanin_command({"compare", "--again", scratch / "again/results.json", "--out", scratch / "third"})
            .code == 0);

  json changed = results;
  changed["runs"][1]["test_loss"] = changed["runs"][1]["test_loss"].get<double>() + 1e-9;
  changed["isa"] = "another one";
  changed["version"] = "0.0.1";
  changed["data"][0]["checksum"] = "00000000";
  write_text(scratch / "changed.json", changed.dump());
  const Outcome differs =
      fanin_command({"compare", "--again", scratch / "changed.json", "--out", scratch / "fourth"});
  CHECK(differs.code == 1);
  CHECK(holds(differs.out, "differs in test_loss"));
  CHECK(holds(differs.err, "1 of 4 runs differ"));
  CHECK(holds(differs.err, "another instruction set: another one then"));
  CHECK(holds(differs.err, "another version: 0.0.1 then, " + std::string(version) + " now"));
  CHECK(holds(differs.err, "another training data: " + data + " (90 images, checksum 00000000) then"));
}

TEST_CASE("compare: --again opens nothing on a file's word, and takes all settings from it") {
  const Scratch scratch;
  const json results = made(scratch / "out", two);
  const auto refused = [&](json changed, const Arguments& more, int code, const std::string& message) {
    write_text(scratch / "file.json", changed.dump());
    Arguments arguments = {"compare", "--again", scratch / "file.json", "--out", scratch / "new"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = fanin_command(arguments);
    CHECK_MESSAGE(outcome.code == code, outcome.err);
    CHECK_MESSAGE(holds(outcome.err, message), outcome.err);
    CHECK_FALSE(fs::exists(scratch / "new"));
  };
  const auto with_command = [&](const Arguments& words) {
    json changed = results;
    changed["command"] = words;
    return changed;
  };
  refused(
      with_command({"fanin", "compare", "--data", "folder(/etc)"}), {}, 2,
      "names the data 'folder(/etc)'; what a file names is not opened unless you say so: --data 'folder(/etc)'");
  refused(with_command({"fanin", "compare", "--data", data, "--schemes", "warm(/etc/passwd)"}), {}, 2,
          "names the weight file '/etc/passwd'");
  refused(
      with_command({"fanin", "compare", "--data", data, "--schemes", "weight_selection(file=/etc/passwd)"}),
      {}, 2, "--trust-plan");
  refused(with_command({"fanin", "compare", "--nosuch", "1"}), {}, 1, "does not take the command");
  refused(with_command({"fanin", "compare", "--help"}), {}, 1, "does not take the command");
  refused(with_command({"fanin", "train"}), {}, 1, "does not say by which command it was made");
  refused(with_command({}), {}, 1, "does not say by which command");
  refused(results, {"--seeds", "3"}, 2, "--seeds does not go with --again");
  json later = results;
  later["schema"] = 4;
  refused(later, {}, 1, "schema 4; this fanin reads 1 to 3");
  for (const auto& entry : fs::directory_iterator("tests/reference/compat")) {
    if (!entry.is_directory()) continue;
    const std::string old = (entry.path() / "compared/results.json").string();
    const json before = json::parse(text_of(old));
    if (before.contains("command")) continue;
    refused(before, {}, 1, "does not say by which command it was made");
  }
  const Outcome there =
      fanin_command({"compare", "--again", scratch / "out/results.json", "--out", scratch / "out"});
  CHECK(there.code == 2);
  CHECK(holds(there.err, "is not empty; give another by --out"));
  CHECK(fanin_command({"compare", "--again", scratch / "absent.json"}).code == 1);
  // Nor is a file written on its word.
  const std::string victim = scratch / "victim";
  for (const Arguments& output :
       std::vector<Arguments>{{"--log", victim}, {"--log=" + victim}, {"--out", victim}}) {
    CAPTURE(output);
    write_text(victim, "mine");
    Arguments words = {"fanin",    "compare", "--data",  data, "--models",  "mlp(hidden=4)",
                       "--epochs", "1",       "--seeds", "1",  "--schemes", "zeros"};
    words.insert(words.end(), output.begin(), output.end());
    write_text(scratch / "file.json", with_command(words).dump());
    fanin_command(
        {"compare", "--again", scratch / "file.json", "--out", scratch / ("at" + output[0].substr(2, 4))});
    CHECK(text_of(victim) == "mine");
    fs::remove_all(scratch / ("at" + output[0].substr(2, 4)));
  }
  // The user's own word goes.
  write_text(scratch / "file.json",
             with_command({"fanin", "compare", "--data", "folder(/etc)", "--models", "mlp(hidden=4)",
                           "--epochs", "1", "--seeds", "2", "--schemes", "default; zeros"})
                 .dump());
  const Outcome own =
      fanin_command({"compare", "--again", scratch / "file.json", "--data", data, "--out", scratch / "own"});
  CHECK_MESSAGE(own.code == 0, own.err);
}

TEST_CASE("program: --version names the version, the compiler, the instruction set and what is linked") {
  const Scratch scratch;
  const Outcome outcome = fanin_command({"--version"});
  CHECK(outcome.code == 0);
  CHECK(outcome.out.starts_with(std::string("fanin ") + fanin::version + "\ncompiled by "));
  const std::string isa = made(scratch / "out", {"--schemes", "zeros"}).at("isa");
  CHECK(holds(outcome.out, "\ninstruction set: " + isa + "\n"));
  for (const char* library :
       {"fmt ", "zlib ", "libdeflate ", "libpng ", "giflib ", "nlohmann-json ", "CLI11 "})
    CHECK_MESSAGE(holds(outcome.out, library), library);
}

TEST_CASE("compare: SCHEMA.md names every field of results.json") {
  const Scratch scratch;
  const json results = made(scratch / "out", two);
  const std::string schema = text_of("framework/fanin/compare/SCHEMA.md");
  REQUIRE_FALSE(schema.empty());
  const auto look = [&](const json& value, const std::string& where, const auto& self) -> void {
    if (value.is_array()) {
      for (const json& item : value) self(item, where, self);
    }
    if (!value.is_object()) return;
    for (const auto& [the_name, member] : value.items()) {
      const auto& name = the_name;  // clang 14 captures no structured binding
      CHECK_MESSAGE((holds(schema, "`" + name + "`") || holds(schema, "`" + name + "[]`") ||
                     holds(schema, "." + name + "`")),
                    where, ".", name, " is not in SCHEMA.md");
      if (name != "training" && name != "extra")
        self(member, where + "." + name, self);  // by each setting's name
    }
  };
  look(results, "", look);
}

TEST_CASE("compare: the others are compared with --baseline, else with default, else with the first") {
  const Scratch scratch;
  const auto baseline = [&](const std::string& schemes, const Arguments& more) {
    Arguments all = {"--schemes", schemes};
    all.insert(all.end(), more.begin(), more.end());
    return made(scratch / "out", all).at("settings").at("default_scheme").get<std::string>();
  };
  CHECK(baseline("zeros; default", {}) == "default");
  CHECK(baseline("zeros; mine={default}", {}) == "mine");
  CHECK(baseline("zeros; xavier_normal", {}) == "zeros");
  CHECK(baseline("zeros; default", {"--baseline", "zeros"}) == "zeros");
  const Outcome shown = fanin_command(small(scratch / "out", {"--schemes", "zeros; xavier_normal"}));
  CHECK(holds(shown.out, "difference to zeros"));
  CHECK_FALSE(holds(shown.out, "default"));
  const Outcome bad =
      fanin_command(small(scratch / "out", {"--schemes", "zeros; orthogonal", "--baseline", "zero"}));
  CHECK(bad.code == 2);
  CHECK(holds(bad.err, "--baseline: no scheme is called 'zero'; did you mean 'zeros'?"));
}

TEST_CASE("compare: every object of the log says of which run it is, of those that tune a rate too") {
  const Scratch scratch;
  const std::string path = scratch / "run.jsonl";
  made(scratch / "out", {"--schemes", "default; {fc1=zeros}", "--tune", "--batch", "5", "--log", path});
  std::set<std::pair<std::string, bool>> seen;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const json object = json::parse(line);
    CHECK(object.at("model") == "mlp(hidden=4)");
    CHECK(object.at("lr").is_number());
    const bool tuning = object.at("tuning");
    CHECK((object.at("seed").get<int>() >= 1'000'000) == tuning);
    seen.insert({object.at("scheme"), tuning});
  }
  CHECK(seen == std::set<std::pair<std::string, bool>>{
                    {"default", false}, {"default", true}, {"fc1=zeros", false}, {"fc1=zeros", true}});
  CHECK(fanin_command(small(scratch / "full", {"--schemes", "zeros", "--log", "/dev/full"})).code == 1);
}

TEST_CASE("compare: the table on stdout in every format") {
  const Scratch scratch;
  const auto shown = [&](const std::string& format) {
    const Outcome outcome =
        fanin_command(small(scratch / "out", {"--schemes", "default; {fc1=zeros}", "--format", format}));
    REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
    return outcome.out;
  };
  const std::string text = shown("text");
  CHECK(holds(text, "mlp(hidden=4)\n"));
  CHECK(holds(text, "95 % interval"));
  CHECK(text.find("95 %") == text.rfind("95 %"));
  CHECK(holds(shown("markdown"), "| fc1=zeros |"));
  CHECK(holds(shown("latex"), "\\begin{tabular}"));
  const std::string csv = shown("csv");
  CHECK(holds(csv, "default,0."));  // shares, as in results.json
  CHECK(json::parse(shown("json")).contains("runs"));
  const Outcome bad = fanin_command(small(scratch / "out", {"--format", "mark"}));
  CHECK(bad.code == 2);
  CHECK(holds(bad.err, "unknown format 'mark'; did you mean 'markdown'?"));
  CHECK(fanin_command(small(scratch / "out", {"--format", "csv", "--json"})).code == 2);
}

TEST_CASE("compare: --quick sets what no flag sets, as its help says") {
  const Scratch scratch;
  const std::string help = fanin_command({"compare", "--help"}).out;
  CHECK(holds(help, "--models"));
  const auto at = help.find("a first look, in 20 s: --models");
  CHECK(at != std::string::npos);
  const json quick = made(scratch / "out", {"--quick"}).at("settings");
  CHECK(quick.at("seeds").size() == 2);  // the flag's
  CHECK(quick.at("models") == json({"mlp(hidden=4)"}));
  CHECK(quick.at("schemes").size() < 11);  // the preset's
  CHECK(holds(help, quick.at("schemes").at(1).get<std::string>()));
}

TEST_CASE(
    "compare: --live shows a whole page from the first run on, which renews itself until the grid is done") {
  const Scratch scratch;
  const auto is_page = [](const std::string& page) {
    return page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n");
  };
  const auto is_live = [](const std::string& page) {
    return holds(page, "<body data-refresh=") && holds(page, "http-equiv=\"refresh\"") &&
           holds(page, "The grid is running");
  };
  for (const Arguments& more : {Arguments{}, Arguments{"--tune", "--batch", "4"}}) {
    const std::string out = scratch / (more.empty() ? "plain" : "tuned"), page = out + "/report.html";
    // Killed in the middle: what the folder then holds is what a browser has just read.
    Arguments long_one = small(out, {"--live", "--schemes", "default; zeros"});
    long_one.insert(long_one.end(), more.begin(), more.end());
    *std::find(long_one.begin(), long_one.end(), "2") = "3000";  // seeds
    REQUIRE(fanin_killed_at(long_one, page));
    CHECK_FALSE(fs::exists(out + "/results.json"));
    const std::string first = text_of(page);
    CHECK(is_page(first));
    CHECK(is_live(first));
    CHECK(holds(first, more.empty() ? "1 finished run so far"
                                    : "0 finished runs, after 1 run that chooses a learning rate"));
    CHECK(holds(first, more.empty() ? "% test accuracy" : "There are no results yet."));
    Arguments short_one = small(out, {"--live", "--schemes", "default; zeros"});
    short_one.insert(short_one.end(), more.begin(), more.end());
    const Outcome done = fanin_command(short_one);
    REQUIRE_MESSAGE(done.code == 0, done.err);
    CHECK(holds(done.err, "so far: " + page));
    const std::string last = text_of(page);
    CHECK(is_page(last));
    CHECK_FALSE(is_live(last));
    CHECK_FALSE(holds(last, "data-refresh="));
  }
}

TEST_CASE("compare: a grid taken from before is one line") {
  const Scratch scratch;
  made(scratch / "out", two);
  const Outcome again = fanin_command(small(scratch / "out", two));
  CHECK(holds(again.err, "4 runs taken from " + (scratch / "out") + "/runs\n"));
  CHECK(line_count(again.err) <= 7);
}

TEST_CASE("compare: lines fit 80 columns however long the names") {
  const Scratch scratch;
  const EnvironmentVariable none("COLUMNS", "");
  const Outcome outcome = fanin_command(small(
      scratch / "out",
      {"--schemes",
       "default; {fc1.weight=kaiming_normal(mode=fan_out, nonlinearity=leaky_relu, a=0.01); *.bias=zeros}"}));
  REQUIRE(outcome.code == 0);
  for (std::size_t begin = 0, end = 0; end != std::string::npos; begin = end + 1) {
    end = outcome.err.find('\n', begin);
    const std::string line = outcome.err.substr(begin, end - begin);
    if (line.starts_with("[")) CHECK_MESSAGE(text::text_width(line) <= 80, line);
  }
}

TEST_CASE(
    "compare: with --live the page is there from the first run on, and the last one renews itself no more") {
  const Scratch scratch;
  const std::string out = scratch / "out";
  const Outcome stopped = fanin_command(
      {"compare", "--models", "mlp(hidden=4)", "--data", data, "--schemes", "default; zeros; orthogonal",
       "--epochs", "400", "--seeds", "3", "--jobs", "1", "--live", "--out", out},
      out + "/runs");
  CHECK(holds(stopped.err, "so far: " + out + "/report.html"));
  CHECK_FALSE(holds(text_of(out + "/report.html"), "http-equiv=\"refresh\""));
  made(out, {"--schemes", "default", "--live"});
  CHECK_FALSE(holds(text_of(out + "/report.html"), "http-equiv=\"refresh\""));
}
