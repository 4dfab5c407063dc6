// Files that nobody vouches for: what one says of itself sets nothing in motion.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <fanin/io/safetensors.hpp>
#include <fanin/io/tensor_file.hpp>

#include "tests/io/scratch.hpp"
#include "tests/message.hpp"
#include "tests/program/command.hpp"

namespace fs = std::filesystem;
using namespace fanin;
using Metadata = std::map<std::string, std::string>;

namespace {

/// A small model saved by the program, and copies of it that say other things of themselves.
class Model {
 public:
  Model() {
    const Outcome trained =
        fanin_command({"train", "--data", "synthetic(count=100)", "--model", "mlp(hidden=8)", "--epochs", "1",
                       "--lr", "0", "--output", path()});
    REQUIRE_MESSAGE(trained.code == 0, trained.err);
  }
  std::string path() const { return scratch_ / "model.safetensors"; }
  std::string with(const Metadata& changes) const {
    const io::TensorFile file = io::read_tensor_file(path());
    Metadata metadata = file.metadata;
    for (const auto& [key, value] : changes) metadata[key] = value;
    const std::string forged = scratch_ / "forged.safetensors";
    io::write_safetensors(forged, file.tensors, metadata);
    return forged;
  }
  std::string file(const std::string& name) const { return scratch_ / name; }

 private:
  Scratch scratch_;
};

const Model& model() {
  static const Model one;
  return one;
}

std::string image() {
  static const std::string path = [] {
    const std::string file = model().file("gray.bmp");
    // A bitmap of one white pixel.
    const unsigned char bytes[] = {'B', 'M', 58, 0, 0, 0, 0, 0, 0,  0, 54, 0, 0, 0, 40,  0,   0,   0, 1, 0,
                                   0,   0,   1,  0, 0, 0, 1, 0, 24, 0, 0,  0, 0, 0, 4,   0,   0,   0, 0, 0,
                                   0,   0,   0,  0, 0, 0, 0, 0, 0,  0, 0,  0, 0, 0, 255, 255, 255, 0};
    FILE* out = std::fopen(file.c_str(), "wb");
    std::fwrite(bytes, 1, sizeof bytes, out);
    std::fclose(out);
    return file;
  }();
  return path;
}

double seconds_of(const auto& action) {
  const auto begin = std::chrono::steady_clock::now();
  action();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

TEST_CASE("trust: no path in a file's metadata is opened") {
  // A pipe with nobody at its other end: whoever opened it as a plain file would wait for good, and who looks
  // at it says so.
  const Scratch scratch;
  const std::string secret = scratch / "secret";
  REQUIRE(::mkfifo(secret.c_str(), 0600) == 0);
  fs::create_directory(scratch / "folder");
  const std::vector<Metadata> lies = {
      {{"plan", "weight_selection(file=" + secret + ")"}},
      {{"plan", "*=weight_selection(file=" + secret + ")"}},
      {{"plan", "fc1.weight=lsuv(base=weight_selection(file=" + secret + "))"}},
      {{"plan", "weight_selection(file=" + secret + ")"}, {"data", "mnist"}},
      {{"data", "idx(" + secret + ")"}, {"plan", "lsuv"}},
      {{"data", "folder(" + scratch.folder() + ")"}, {"plan", "krahenbuhl"}},
      {{"data", "synthetic(count=5000000)"}, {"plan", "lsuv"}},
      {{"data", "folder(" + (scratch / "folder") + ")"}},
      {{"data", "synthetic(count=9000000, size=20)"}},
      {{"data", "mnist(per_class=5)"}},
      {{"data", secret}},
      {{"augment", "normalise(file=" + secret + ")"}, {"warm_start", secret}, {"data", secret}},
  };
  for (const auto& lie : lies) {
    const std::string forged = model().with(lie);
    std::string said;
    for (const auto& entry : lie) said += entry.first + "=" + entry.second + " ";
    CAPTURE(said);
    double seconds = 0;
    const auto timed = [&](std::vector<std::string> arguments) {
      Outcome outcome;
      seconds = seconds_of([&] { outcome = fanin_command(arguments); });
      CAPTURE(arguments[0]);
      CAPTURE(outcome.err);
      CHECK(seconds < 20);
      for (const char* sign : {"regular file", "cannot open", "is a folder", "No such file"})
        CHECK_FALSE(holds(outcome.out + outcome.err, sign));
      return outcome;
    };
    CHECK(timed({"inspect", forged}).code == 0);
    CHECK(timed({"predict", forged, image()}).code == 0);
    const Outcome evaluated = timed({"evaluate", forged});
    if (lie.contains("data") && lie.at("data") != "mnist") {
      CHECK(evaluated.code == 2);
      CHECK(line_count(evaluated.err) == 1);
      CHECK(holds(evaluated.err, "--data"));
    }
    CHECK(timed({"convert", forged, scratch / "out.npz"}).code == 0);
  }
}

TEST_CASE("trust: what the user names by a flag is used, and the message says which flag") {
  const Outcome unasked = fanin_command({"evaluate", model().path()});
  CHECK(unasked.code == 2);
  CHECK(holds(unasked.err, "--data 'synthetic(count=100)'"));
  CHECK(fanin_command({"evaluate", model().path(), "--data", "synthetic(count=100)"}).code == 0);
  // What is to be pasted into a shell is one word there.
  const Outcome quoted = fanin_command({"evaluate", model().with({{"data", "folder(a'; touch /tmp/x; ')"}})});
  CHECK(holds(quoted.err, "--data 'folder(a'\\''; touch /tmp/x; '\\'')'"));

  // A name without end is neither shown whole nor pasted.
  const Outcome endless =
      fanin_command({"evaluate", model().with({{"data", "folder(" + std::string(3'000, 'x') + ")"}})});
  CHECK(endless.code == 2);
  CHECK(holds(endless.err, "--data"));
  CHECK(endless.err.size() < 700);

  const std::string fitted = model().file("fitted.safetensors");
  REQUIRE(fanin_command({"train", "--data", "synthetic(count=100)", "--model", "mlp(hidden=8)", "--epochs",
                         "1", "--lr", "0", "--init", "lsuv", "--output", fitted})
              .code == 0);
  const Outcome asked = fanin_command({"inspect", fitted, "--fit-data", "synthetic(count=100)"});
  CHECK(holds(asked.out, "moved:"));
  CHECK(holds(fanin_command({"inspect", fitted}).out, "--fit-data 'synthetic(count=100)'"));
  CHECK(holds(fanin_command({"inspect", fitted, "--fit-data", "synthetic(count=90)"}).out,
              "not compared with the initial values"));

  const std::string selected = model().file("selected.safetensors");
  REQUIRE(fanin_command({"train", "--data", "synthetic(count=100)", "--model", "mlp(hidden=4)", "--epochs",
                         "1", "--lr", "0", "--init", "weight_selection(file=" + model().path() + ")",
                         "--output", selected})
              .code == 0);
  CHECK(holds(fanin_command({"inspect", selected}).out, "is not opened"));
  CHECK(holds(fanin_command({"inspect", selected, "--trust-plan"}).out, "moved:"));
}

TEST_CASE(
    "trust: metadata describe no model larger than the file's own tensors, and no images past all bounds") {
  struct Lie {
    Metadata changes;
    std::string says;
  };
  const std::vector<Lie> lies = {
      {{{"model", "mlp(hidden=65536-65536-65536)"}}, "mlp(hidden=65536"},
      {{{"model", "mlp(hidden=1000000000)"}}, "hidden"},
      {{{"model", "plain_net(depth=10000, width=65536)"}}, "plain_net"},
      {{{"model", "plain_net(depth=1000000)"}}, "depth"},
      {{{"model", "vgg_small(width=1024, stages=1, hidden=65536)"}}, "vgg_small"},
      {{{"model", "resnet_small(width=1024, blocks=200)"}}, "resnet_small"},
      {{{"model", "nonsense"}}, "nonsense"},
      {{{"height", "16384"}, {"width", "16384"}}, "elements"},
      {{{"channels", "0"}}, "channels"},
      {{{"height", "0"}}, "height"},
      {{{"classes", "1048576"}}, "elements"},
      {{{"classes", "0"}}, "classes"},
      {{{"classes", "-3"}}, "classes"},
      {{{"stddev", "[0]"}}, "stddev"},
      {{{"stddev", "[1e-30]"}}, "stddev"},
      {{{"stddev", "[-1]"}}, "stddev"},
      {{{"stddev", "[1e999]"}}, "stddev"},
      {{{"stddev", "[null]"}}, "stddev"},
      {{{"stddev", "[\"1\"]"}}, "stddev"},
      {{{"stddev", "[]"}}, "stddev"},
      {{{"stddev", "NaN"}}, "stddev"},
      {{{"mean", "[1e30]"}}, "mean"},
      {{{"mean", "[-1e999]"}}, "mean"},
      {{{"mean", "[0.5, 0.5]"}}, "mean"},
      {{{"class_names", "[\"only one\"]"}}, "class_names"},
      {{{"class_names", "[1,2,3,4,5,6,7,8,9,10]"}}, "class_names"},
      {{{"class_names", "{\"a\":[[[[[["}}, "class_names"},
      {{{"class_names", "[\"" + std::string(2000, 'x') + "\"]"}}, "class_names"},
  };
  for (const Lie& lie : lies) {
    const std::string forged = model().with(lie.changes);
    CAPTURE(lie.says);
    for (const auto& change : lie.changes) CAPTURE(change.second);
    for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
             {"predict", forged, image()},
             {"evaluate", forged, "--data", "synthetic(count=100)"},
             {"finetune", "--from", forged, "--data", "synthetic(count=100)", "--epochs", "1"}}) {
      const Outcome outcome = fanin_command(arguments);
      CAPTURE(arguments[0]);
      CAPTURE(outcome.err);
      CHECK(outcome.code == 1);
      CHECK(line_count(outcome.err) == 1);
      CHECK(holds(outcome.err, lie.says));
      CHECK_FALSE(holds(outcome.err, "out of memory"));
    }
    const Outcome inspected = fanin_command({"inspect", forged});
    CHECK(inspected.code == 0);
    CHECK_FALSE(holds(inspected.out, "out of memory"));
  }
}

TEST_CASE("trust: a view that repeats few elements does not pay for a large model") {
  io::StoredTensor one{.name = "a",
                       .dtype = io::DType::f32,
                       .sizes = {1000, 1000},
                       .strides = {0, 0},
                       .data = nullptr,
                       .owner = nullptr};
  CHECK(one.stored_elements() == 1);
  one.strides = {1, 2};
  CHECK(one.stored_elements() == 999 + 1998 + 1);
  one.strides = {};
  CHECK(one.stored_elements() == 1'000'000);
}
