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
  const std::set<std::string> tried = {"finetune_from_pytorch", "how_far_moved", "serve_from_threads",
                                       "swap_an_initializer",   "training_loop", "write_a_layer",
                                       "write_a_scheme",        "write_an_op"};
  std::set<std::string> there;
  for (const auto& entry : fs::directory_iterator("examples")) {
    if (entry.path().extension() != ".cpp") continue;
    there.insert(entry.path().stem().string());
    std::ifstream file(entry.path());
    int lines = 0;
    for (std::string line; std::getline(file, line);) lines += !line.empty() && !line.starts_with("//");
    CHECK_MESSAGE(lines <= 50, entry.path().string(), " has ", lines, " lines");
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
  CHECK(number_after(output_of("write_a_scheme"), "cautious(gain=1.41)  std ") ==
        doctest::Approx(1.41 / 28).epsilon(0.01));
  const std::string layer = output_of("write_a_layer");
  CHECK(layer.find("block2.up.weight  [256, 64]  kaiming_normal") != std::string::npos);
  CHECK(layer.find("block1.alpha  [1]  zeros") != std::string::npos);
  CHECK(layer.find("logits [1, 10]") != std::string::npos);
  const std::string op = output_of("write_an_op");
  CHECK(op.find("0.111111 0.25 0.444444 0.444444 0.25 0.111111") == 0);  // 1 / (1 + |x|)²
  CHECK(number_after(op, "central differences: ") < 1e-2);
}

TEST_CASE("examples: one's own loop, and predictions served from several threads") {
  const std::string loop = output_of("training_loop");
  CHECK(number_after(loop, "epoch 4  loss ") < number_after(loop, "epoch 1  loss "));
  CHECK(number_after(loop, "test accuracy ") > 60);
  CHECK(number_after(output_of("serve_from_threads"), "1000 requests, ") > 600);
}

TEST_CASE("examples: fine-tuned from a file, and how far it moved") {
  const Scratch scratch;
  const std::string saved = scratch / "lenet.safetensors", tuned = scratch / "tuned.safetensors";
  CHECK(fanin_command({"train", "--model", "lenet", "--data", "fashion-mnist(per_class=500)", "--epochs", "4",
                       "--output", saved})
            .code == 0);
  const std::string out = output_of("finetune_from_pytorch", {saved, tuned});
  CHECK(number_after(out, "test accuracy ") > 40);
  const std::string moved = output_of("how_far_moved", {saved, tuned});
  CHECK(moved.find("conv1.weight  F32 [6, 1, 5, 5]") != std::string::npos);
  CHECK(number_after(moved, "‖before‖ = ") > 0);
  CHECK(example_command("how_far_moved", {saved, scratch / "nothing"}).code == 1);
  CHECK(example_command("how_far_moved").code == 2);
}
