// Nothing that did not come from us reaches a terminal, a spreadsheet or a page but as text.
#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <fanin/compare/results_csv.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/io/safetensors.hpp>
#include <fanin/io/tensor_file.hpp>

#include "tests/io/scratch.hpp"
#include "tests/message.hpp"
#include "tests/program/command.hpp"

namespace fs = std::filesystem;
using namespace fanin;

namespace {

/// A title for the window, a colour by ESC and by C1, a turn of the writing's direction, what erases a line;
/// and a page's script.
const std::string evil = "\x1b]0;owned\x07\x1b[31m\xc2\2332J\xe2\x80\xaeknom\r\x7f<script>alert(1)<";

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A bitmap of one pixel.
void write_image(const std::string& path, int gray) {
  const auto g = static_cast<char>(gray);
  const std::string head = {'B', 'M', 58, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0,
                            1,   0,   0,  0, 1, 0, 0, 0, 1, 0, 24, 0, 0, 0, 0,  0, 4, 0,
                            0,   0,   0,  0, 0, 0, 0, 0, 0, 0, 0,  0, 0, 0, 0,  0, 0, 0};
  std::ofstream(path, std::ios::binary) << head << g << g << g << '\0';
}

/// Two classes of images, whose folders are named as nobody should.
std::string make_folder(const Scratch& scratch) {
  const std::string root = scratch / "images";
  int number = 0;
  for (const std::string& name : {"a" + evil + "\xff", "=cmd()" + evil}) {
    std::string plain = name;
    std::replace(plain.begin(), plain.end(), '/', '_');
    fs::create_directories(root + "/" + plain);
    for (int i = 0; i < 8; ++i)
      write_image(root + "/" + plain + "/" + std::to_string(i) + ".bmp", 10 * ++number);
  }
  return root;
}

void check_clean(const std::vector<std::string>& arguments) {
  const Outcome outcome = fanin_command(arguments);
  std::string command;
  for (const auto& one : arguments) command += printable(one) + " ";
  CAPTURE(command);
  CAPTURE(outcome.code);
  const std::string all = outcome.out + outcome.err;
  CHECK_FALSE(all.empty());
  CHECK(outcome.code < 100);
  CHECK(printable_lines(all) == all);
}

}  // namespace

TEST_CASE(
    "escapes: what file and folder names, class names, tensor names and metadata hold reaches no terminal, by any command") {
  const Scratch scratch;
  const std::string data = "folder(" + make_folder(scratch) + ", size=8, test=0.5)";
  const std::string model = scratch / "model.safetensors", forged = scratch / "forged.safetensors";
  for (const std::vector<std::string>& more : std::vector<std::vector<std::string>>{
           {"--confusion"}, {"--confusion", "--json"}, {"--output", model}}) {
    std::vector<std::string> train = {"train",    "--data", data,      "--model", "mlp(hidden=4)",
                                      "--epochs", "1",      "--batch", "4"};
    train.insert(train.end(), more.begin(), more.end());
    check_clean(train);
  }
  REQUIRE(fs::exists(model));
  io::TensorFile file = io::read_tensor_file(model);
  auto metadata = file.metadata;
  metadata["class_names"] = nlohmann::json({"a" + evil, "b" + evil}).dump();
  for (const char* key :
       {"data", "warm_start", "framework", "reproduce", "settings", "cpu", "isa", "checksum_test"})
    metadata[key] = evil;
  metadata["key" + evil] = evil;
  io::write_safetensors(forged, file.tensors, metadata);
  const std::string image = scratch / ("nope" + evil + "\xff.png");
  write_image(scratch / ("image" + evil + "\xff.bmp"), 7);
  for (const std::string& path : {model, forged}) {
    for (const char* json : {"", "--json"}) {
      const auto with = [&](std::vector<std::string> arguments) {
        if (*json != '\0') arguments.push_back(json);
        check_clean(arguments);
      };
      with({"evaluate", path, "--data", data});
      with({"evaluate", path});
      with({"predict", path, scratch / ("image" + evil + "\xff.bmp")});
      with({"predict", path, image});
      with({"inspect", path});
      with({"inspect", path, "--histograms"});
      with({"inspect", path, "--diff", model});
      with({"finetune", "--from", path, "--data", data, "--epochs", "1"});
    }
    check_clean({"convert", path, scratch / ("out" + evil + ".npz")});
    check_clean({"convert", path, scratch / "out.npz", "--only", evil});
  }
  // Tensor names: C1 and marks of direction are no control characters to JSON.
  file.tensors[0].name = "w\xc2\23331m\xe2\x80\xae";
  io::write_safetensors(forged, file.tensors, file.metadata);
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"inspect", forged},
                                             {"inspect", forged, "--json"},
                                             {"inspect", "--diff", forged, model},
                                             {"evaluate", forged, "--data", data},
                                             {"convert", forged, scratch / "x.npz", "--only", "nope"},
                                             {"finetune", "--from", forged, "--data", data, "--epochs", "1"},
                                             {"finetune", "--from", forged, "--data", data, "--epochs", "1",
                                              "--allow-missing", "--allow-unexpected"}})
    check_clean(arguments);
  // Metadata that other values refuse, and a model that is none.
  for (const char* key : {"model", "plan", "seed", "mean", "classes", "class_names", "height"}) {
    auto broken = metadata;
    broken[key] = evil;
    io::write_safetensors(forged, io::read_tensor_file(model).tensors, broken);
    check_clean({"evaluate", forged, "--data", data});
    check_clean({"inspect", forged});
    check_clean({"finetune", "--from", forged, "--data", data, "--epochs", "1"});
  }
}

TEST_CASE(
    "escapes: a checkpoint that is passed over, and results.json, the table and the page of a comparison") {
  const Scratch scratch;
  const std::string data = "folder(" + make_folder(scratch) + ", size=8, test=0.5)",
                    run = scratch / ("run" + evil);
  const std::vector<std::string> train = {"train",    "--data", data,      "--model", "mlp(hidden=4)",
                                          "--epochs", "1",      "--batch", "4",       "--checkpoint",
                                          run};
  check_clean(train);
  const std::string step = run + "/step-00000002.safetensors";
  if (fs::exists(step)) {
    io::TensorFile file = io::read_tensor_file(step);
    file.metadata["checkpoint.format"] = evil;
    io::write_safetensors(scratch / "damaged", file.tensors, file.metadata);
    fs::rename(scratch / "damaged", run + "/step-00000009.safetensors");
  }
  std::vector<std::string> resume = train;
  resume.push_back("--resume");
  check_clean(resume);
  const std::string out = scratch / "out";
  check_clean({"compare", "--models", "mlp(hidden=4)", "--schemes", "default; zeros", "--data", data,
               "--epochs", "1", "--batch", "4", "--seeds", "2", "--out", out});
  const std::string page = text_of(out + "/report.html");
  CHECK_FALSE(holds(page, "<script>alert(1)"));
  CHECK(printable_lines(page) == page);
  const std::string table = text_of(out + "/results.csv");
  CHECK(printable_lines(table) == table);
}

TEST_CASE("escapes: no cell of results.csv is a formula, and numbers stay numbers") {
  compare::Comparison comparison;
  for (const std::string cell :
       {"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "a=1", "plain", "\xff\x1b[31m", "a\nb"}) {
    compare::Run run;
    run.model = cell;
    run.scheme = "default";
    run.message = cell;
    run.test_loss = -0.5;
    comparison.runs.push_back(run);
  }
  const std::string text = compare::comparison_csv(comparison);
  CHECK(printable_lines(text) == text);
  CHECK(holds(text, ",-0.5,"));
  CHECK(holds(text, "\na=1,default"));
  CHECK(holds(text, "\nplain,default"));
  for (const char* cell : {"'=1+1", "'+1", "'-1", "'@SUM(A1)"})
    CHECK(holds(text, std::string("\n") + cell + ",default"));
  // No cell, quoted or not, begins with what would run, but for numbers.
  for (std::size_t at = 0; at + 1 < text.size(); ++at) {
    if (text[at] != ',' && text[at] != '\n') continue;
    const std::size_t first = text.find_first_not_of("\" ", at + 1);
    if (first == std::string::npos) continue;
    CHECK_FALSE(std::string("=@+").find(text[first]) != std::string::npos);
    if (text[first] == '-') CHECK(std::isdigit(static_cast<unsigned char>(text[first + 1])) != 0);
  }
}
