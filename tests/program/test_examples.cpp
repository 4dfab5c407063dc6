// The library's examples, as a reader would run them: each says what it promises.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "tests/io/scratch.hpp"
#include "tests/program/command.hpp"

namespace fs = std::filesystem;

namespace {

/// The number behind the last `label` in a text; NaN where there is none.
double number_after(const std::string& text, const std::string& label) {
  const auto at = text.rfind(label);
  return at == std::string::npos ? std::nan("") : std::strtod(text.c_str() + at + label.size(), nullptr);
}

std::string output_of(const std::string& name, const std::vector<std::string>& arguments = {}) {
  const Outcome ran = example_command(name, arguments);
  CHECK_MESSAGE(ran.code == 0, name, ": ", ran.err);
  return ran.out;
}

}  // namespace

TEST_CASE("examples: each is a page, and each is tried here") {
  const std::set<std::string> tried = {
      "autoencoder",        "finetune_from_pytorch", "how_far_moved",       "regression",
      "serve_from_threads", "siamese_and_two_heads", "swap_an_initializer", "training_loop",
      "write_a_layer",      "write_a_scheme",        "write_an_op"};
  std::set<std::string> there;
  for (const auto& entry : fs::directory_iterator("examples")) {
    if (entry.path().extension() != ".cpp") continue;
    there.insert(entry.path().stem().string());
    std::ifstream file(entry.path());
    int lines = 0;
    for (std::string line; std::getline(file, line);) lines += !line.empty() && !line.starts_with("//");
    CHECK_MESSAGE(lines <= 60, entry.path().string(), " has ", lines, " lines");
  }
  CHECK(there == tried);
}

TEST_CASE("examples: a layer's initializer is swapped, and the net trains") {
  const std::string out = output_of("swap_an_initializer");
  CHECK(out.find("fc2.weight  [128, 256]  orthogonal(gain=1.41)") != std::string::npos);
  CHECK(out.find("fc3.weight  [10, 128]  zeros  std 0\n") != std::string::npos);
  CHECK(number_after(out, "test accuracy ") > 70);
}

TEST_CASE("examples: a scheme, a layer and an op of one's own") {
  // √2 / √max(784, 256), as the example's formula says; 200,704 draws are within 1 % of it but once in 10^9.
  const std::string scheme = output_of("write_a_scheme");
  CHECK(number_after(scheme, "cautious(gain=1.41)  std ") == doctest::Approx(1.41 / 28).epsilon(0.01));
  CHECK(number_after(scheme, "normal(std=1.41/sqrt(max(fan_in, fan_out)))  std ") ==
        doctest::Approx(1.41 / 16).epsilon(0.01));
  const std::string layer = output_of("write_a_layer");
  CHECK(layer.find("block2.key.weight  [16, 16]  orthogonal") != std::string::npos);
  CHECK(layer.find("block1.out.weight  [16, 16]  zeros") != std::string::npos);
  CHECK(layer.find("logits [2, 5, 4]") != std::string::npos);
  CHECK(number_after(layer, "by the blocks at first: ") < 0.5);  // the output layer's bias alone
  const std::string op = output_of("write_an_op");
  CHECK(op.find("0.111111 0.25 0.444444 0.444444 0.25 0.111111") == 0);  // 1 / (1 + |x|)²
  CHECK(number_after(op, "central differences: ") < 1e-2);
}

TEST_CASE("examples: one's own loop, and predictions served from several threads") {
  const std::string loop = output_of("training_loop");
  CHECK(number_after(loop, "epoch 4  loss ") < number_after(loop, "epoch 1  loss "));
  CHECK(number_after(loop, "test accuracy ") > 60);
  const std::string served = output_of("serve_from_threads");
  CHECK(number_after(served, "100000 requests, ") > 60'000);
  CHECK(number_after(served, "memory grew by ") < 1024);
}

TEST_CASE("examples: regression, an autoencoder, and networks of several tensors") {
  const std::string regression = output_of("regression");
  CHECK(number_after(regression, "unseen ") < 0.01);
  CHECK(number_after(regression, "learned ") == doctest::Approx(std::sin(1.0)).epsilon(0.1));
  const std::string autoencoder = output_of("autoencoder");
  CHECK(number_after(autoencoder, "epoch 4  loss ") < 0.5 * number_after(autoencoder, "epoch 1  loss "));
  CHECK(autoencoder.find("code [8, 4, 7, 7]") != std::string::npos);
  const std::string several = output_of("siamese_and_two_heads");
  for (const char* name : {"siamese: loss ", "two heads: loss "}) {
    const auto at = several.find(name);
    REQUIRE(at != std::string::npos);
    const std::string line = several.substr(at, several.find('\n', at) - at);
    CHECK(number_after(line, " to ") < 0.8 * number_after(line, "loss "));
  }
}

TEST_CASE("examples: fine-tuned from a file, and how far it moved") {
  const Scratch scratch;
  const std::string saved = scratch / "resnet.pth", tuned = scratch / "tuned.pth";
  CHECK(fanin_command({"train", "--model", "resnet_small(width=8)", "--data", "fashion-mnist(per_class=100)",
                       "--epochs", "2", "--output", saved})
            .code == 0);
  const std::string out = output_of("finetune_from_pytorch", {saved, tuned});
  CHECK(number_after(out, "test accuracy ") > 40);
  const std::string moved = output_of("how_far_moved", {saved, tuned});
  CHECK(moved.find("conv1.weight  F32 [8, 1, 3, 3]") != std::string::npos);
  CHECK(number_after(moved, "‖before‖ = ") > 0);
  CHECK(example_command("how_far_moved", {saved, scratch / "nothing"}).code == 1);
  CHECK(example_command("how_far_moved").code == 2);
}
