// fanin inspect --spectrum through the command line.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

#include <fanin/core/format.hpp>
#include <fanin/io/safetensors.hpp>
#include <fanin/io/tensor_file.hpp>

#include "tests/datasets/files.hpp"
#include "tests/io/scratch.hpp"
#include "tests/message.hpp"
#include "tests/program/command.hpp"

using namespace fanin;
using doctest::Approx;
using nlohmann::json;

namespace {

const std::string reference = "tests/reference/files/";

json spectra(const std::vector<std::string>& arguments) {
  std::vector<std::string> all = {"inspect", "--spectrum", "--json"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  const Outcome outcome = fanin_command(all);
  REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
  return json::parse(outcome.out);
}

const json& weight_of(const json& all, const std::string& name) {
  for (const auto& one : all["weights"])
    if (one["name"] == name) return one;
  FAIL(name << " is not shown");
  return all;
}

/// Writes tensors of the given shapes and values.
std::string write(const std::string& path, const std::map<std::string, Tensor>& tensors) {
  std::vector<io::StoredTensor> stored;
  for (const auto& one : tensors) stored.push_back(io::stored(one.first, one.second));
  io::write_safetensors(path, stored, {}, std::nullopt);
  return path;
}

Tensor diagonal(const std::vector<real>& values) {
  const auto n = static_cast<Index>(values.size());
  Tensor d = Tensor::zeros({n, n});
  for (Index i = 0; i < n; ++i) d.data()[i * n + i] = values[static_cast<std::size_t>(i)];
  return d;
}

/// A model with convolutions, trained a little.
const std::string& lenet() {
  static const Scratch scratch;
  static const std::string path = [] {
    const std::string saved = scratch / "lenet.safetensors";
    const Outcome outcome = fanin_command({"train", "--data", "synthetic(count=200)", "--model", "lenet",
                                           "--epochs", "1", "--seed", "3", "--output", saved});
    REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
    return saved;
  }();
  return path;
}

}  // namespace

TEST_CASE("inspect --spectrum: what is known of a diagonal, a zero and a twelve-decade matrix") {
  const Scratch scratch;
  std::vector<real> decades;
  for (int i = 0; i < 13; ++i) decades.push_back(static_cast<real>(std::pow(10.0, -i)));
  const std::string file = write(scratch / "known.safetensors", {{"a", diagonal({3, -4, 0.5})},
                                                                 {"decades", diagonal(decades)},
                                                                 {"zero", Tensor::zeros({2, 3})},
                                                                 {"bias", Tensor::zeros({3})}});
  const json all = spectra({file});
  const json& a = weight_of(all, "a")["now"]["matrix"];
  CHECK(a["singular_values"] == json({4, 3, 0.5}));
  CHECK(a["spectral_norm"] == 4);
  CHECK(a["stable_rank"].get<double>() == Approx((16 + 9 + 0.25) / 16));
  CHECK(a["condition"] == 8);
  double entropy = 0;
  for (const double p : {4 / 7.5, 3 / 7.5, 0.5 / 7.5}) entropy -= p * std::log(p);
  CHECK(a["effective_rank"].get<double>() == Approx(std::exp(entropy)));
  CHECK(a["power_law"].is_null());
  CHECK(holds(a["no_power_law"], "3 values are too few"));
  const json& d = weight_of(all, "decades")["now"]["matrix"];
  CHECK(d["condition"].get<double>() == Approx(1e12).epsilon(1e-6));
  const json& zero = weight_of(all, "zero")["now"]["matrix"];
  CHECK(zero["stable_rank"] == 0);
  CHECK(zero["condition"].is_null());
  CHECK(all["moments"][0]["not_shown"] == 1);
}

TEST_CASE("inspect --spectrum: before and after of a model's own start, and of two files") {
  const json all = spectra({lenet()});
  CHECK(all["moments"][0]["moment"] == "start");
  CHECK(all["moments"][1]["moment"] == "now");
  const json& fc1 = weight_of(all, "fc1.weight");
  const double start = fc1["start"]["matrix"]["spectral_norm"], now = fc1["now"]["matrix"]["spectral_norm"];
  CHECK(now != start);
  CHECK(now == Approx(start).epsilon(0.5));
  CHECK(fc1["now"]["matrix"]["power_law"]["n"].get<int>() >= 10);
  CHECK(fc1["now"]["matrix"]["power_law"]["alpha"].get<double>() > 1);
  const json& conv = weight_of(all, "conv2.weight")["now"];
  CHECK(conv["matrix"]["rows"] == 16);
  CHECK(conv["operator"]["assumed"] == false);
  CHECK(conv["operator"]["height"] == 16);
  CHECK(conv["operator"]["values"] == 16 * 16 * 6);
  // The matrix' norm bounds the operator's from below only by a factor: at most √taps apart (Sedghi et al.)
  const double matrix = conv["matrix"]["spectral_norm"], whole = conv["operator"]["spectral_norm"];
  CHECK(whole <= matrix * 5 * 1.0000001);
  CHECK(whole >= matrix * 0.999 / 5);

  const Scratch scratch;
  REQUIRE(fanin_command({"convert", lenet(), scratch / "plain.npz"}).code == 0);
  const json pair = spectra({scratch / "plain.npz", lenet()});
  CHECK(pair["moments"][0]["moment"] == "before");
  const json& same = weight_of(pair, "conv1.weight");
  CHECK(same["before"]["matrix"] == same["after"]["matrix"]);
  CHECK(same["before"]["operator"]["assumed"] == true);  // an npz does not tell
  CHECK(same["before"]["operator"]["spectral_norm"] == same["after"]["operator"]["spectral_norm"]);
}

TEST_CASE("inspect --spectrum: every format that inspect reads") {
  for (const char* name : {"arrays.npz", "fortran.npy", "state_dict.pt", "state_dict_legacy.pt", "model.onnx",
                           "views.pt", "compressed.npz"}) {
    CAPTURE(name);
    CHECK(!spectra({reference + name})["weights"].empty());
  }
}

TEST_CASE("inspect --spectrum: a table of 80 columns that says what its words mean and what was left out") {
  const Scratch scratch;
  Tensor sick = Tensor::full({4, 4}, 1);
  sick.data()[5] = NAN;
  const std::string file = write(scratch / "odd.safetensors", {{"sick", sick},
                                                               {"empty", Tensor::zeros({0, 4})},
                                                               {"cube", Tensor::full({2, 3, 4}, 1)},
                                                               {"large", Tensor::full({64, 64}, 1)},
                                                               {"conv", Tensor::full({2, 2, 3, 3}, 1)},
                                                               {"bias", Tensor::zeros({3})}});
  for (const auto& arguments :
       {std::vector<std::string>{lenet()}, {file, "--most-work", "100000"}, {reference + "model.onnx"}}) {
    std::vector<std::string> all = {"inspect", "--spectrum"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    const Outcome outcome = fanin_command(all);
    CHECK(outcome.code == 0);
    CHECK(outcome.err.empty());
    const EnvironmentVariable none("COLUMNS", "");
    std::istringstream lines(fanin_command(all).out);
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with("left out") && !line.starts_with("/") && line.find('/') == std::string::npos)
        CHECK_MESSAGE(text::text_width(line) <= 80, line);
    }
    if (arguments[0] != file) continue;
    CHECK(holds(outcome.out, "left out: sick: 1 of 16 elements are not finite"));
    CHECK(holds(outcome.out, "left out: empty: it has no elements"));
    CHECK(holds(outcome.out, "left out: large: it takes 2.6e+05 multiplications"));
    CHECK(holds(outcome.out, "matrix 2×12"));
    CHECK(holds(outcome.out, "operator 16×16*"));
    CHECK(holds(outcome.out, "taken as 1"));
    CHECK(holds(outcome.out, "1 tensor of one dimension or none, or of integers, not shown"));
  }
}

TEST_CASE("inspect --spectrum: the image is the user's, and no smaller than a kernel") {
  const Scratch scratch;
  const std::string file = write(scratch / "conv.safetensors", {{"conv", Tensor::full({2, 2, 3, 3}, 1)},
                                                                {"patch", Tensor::full({2, 1, 20, 5}, 1)}});
  const json all = spectra({file, "--image", "8x6"});
  CHECK(weight_of(all, "conv")["now"]["operator"]["height"] == 8);
  CHECK(weight_of(all, "conv")["now"]["operator"]["width"] == 6);
  CHECK(weight_of(all, "conv")["now"]["operator"]["values"] == 8 * 6 * 2);
  // of all ones, the constant image is the first singular vector: 9 taps, 2 channels in, 2 out
  CHECK(weight_of(all, "conv")["now"]["operator"]["spectral_norm"].get<double>() == Approx(18));
  CHECK(weight_of(all, "patch")["now"]["operator"]["height"] == 20);
  CHECK(weight_of(all, "patch")["now"]["operator"]["width"] == 6);
}

TEST_CASE("inspect --spectrum: its figure is an SVG with a line a weight, and before and after of one look") {
  const Scratch scratch;
  const std::string figure = scratch / "spectrum.svg";
  const Outcome outcome = fanin_command({"inspect", "--spectrum", lenet(), "--figure", figure});
  CHECK(outcome.code == 0);
  std::stringstream svg;
  svg << std::ifstream(figure).rdbuf();
  CHECK(svg.str().starts_with("<svg"));
  CHECK(holds(svg.str(), "fc1.weight, start"));
  CHECK(holds(svg.str(), "conv2.weight, now"));
  CHECK(holds(svg.str(), "stroke-dasharray"));
}

TEST_CASE("inspect --spectrum: what cannot be is one line") {
  const Scratch scratch;
  const auto refused = [&](std::vector<std::string> arguments, int code) {
    arguments.insert(arguments.begin(), "inspect");
    const Outcome outcome = fanin_command(arguments);
    CHECK(outcome.code == code);
    CHECK(line_count(outcome.err) == 1);
    return outcome.err;
  };
  const std::string npy = reference + "fortran.npy";
  CHECK(holds(refused({"--spectrum", npy, npy, npy}, 2), "one file, or two"));
  CHECK(holds(refused({"--spectrum", npy, "--image", "0"}, 2), "--image '0'"));
  CHECK(holds(refused({"--spectrum", npy, "--image", "8x"}, 2), "--image '8x'"));
  CHECK(holds(refused({"--spectrum", npy, "--image", "2000"}, 2), "from 1 to 1024"));
  CHECK(holds(refused({"--spectrum", npy, "--most-work", "-1"}, 2), "--most-work"));
  CHECK(holds(refused({"--spectrum", "--diff", npy, npy}, 2), "--diff"));
  CHECK(holds(refused({"--image", "8", npy}, 2), "--spectrum"));
  CHECK(holds(refused({"--spectrum", npy, "--figure", scratch / "none/x.svg"}, 1), "x.svg"));
  CHECK(holds(refused({"--spectrum", "/nowhere.npy"}, 1), "/nowhere.npy"));
  const std::string biases = write(scratch / "biases.safetensors", {{"bias", Tensor::zeros({3})}});
  CHECK(holds(refused({"--spectrum", biases, "--figure", scratch / "x.svg"}, 1), "singular value"));
}
