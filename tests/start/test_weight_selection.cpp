#include <doctest/doctest.h>

#include <filesystem>

#include <fanin/core/error.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/models.hpp>
#include <fanin/nn/linear.hpp>
#include <fanin/nn/sequential.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/start/state_dict.hpp>

#include "tests/io/scratch.hpp"

using namespace fanin;

TEST_CASE("weight_selection: evenly spaced elements of the larger model's tensors, and clear refusals") {
  const Scratch scratch;
  auto large = models::build("mlp(hidden=12-9)", {.classes = 5});
  Generator generator(7);
  start::initialize(*large, generator);
  const std::string path = scratch / "large.safetensors";
  start::save_model(path, *large);
  const std::string plan = "weight_selection(file=" + path + ")";
  CHECK(init::Plan::parse(plan).to_string() == plan);
  CHECK(init::parse("weight_selection(" + path + ")") == init::parse(plan));

  auto small = models::build("mlp(hidden=6-4)", {.classes = 5});
  Generator same = generator;
  start::initialize(*models::build("mlp(hidden=6-4)", {.classes = 5}), same);
  start::initialize(*small, plan, generator);
  CHECK(generator == same);                                 // it draws nothing, and passes the slots
  const Tensor& w = small->parameter("fc2.weight")->value;  // 4 × 6 of 9 × 12
  const Tensor& from = large->parameter("fc2.weight")->value;
  for (Index i = 0; i < 4; ++i)
    for (Index j = 0; j < 6; ++j) CHECK(w.data()[i * 6 + j] == from.data()[(i * 9 / 4) * 12 + j * 2]);
  const Tensor& b = small->parameter("fc2.bias")->value;
  for (Index i = 0; i < 4; ++i) CHECK(b.data()[i] == large->parameter("fc2.bias")->value.data()[i * 9 / 4]);
  CHECK(small->parameter("fc3.weight")->drawn_by->to_string() == plan);

  const auto refused = [&](const std::string& model, const std::string& text, const std::string& part) {
    auto net = models::build(model, {.classes = 5});
    try {
      start::initialize(*net, text, generator);
      FAIL("no error");
    } catch (const Error& error) {
      CAPTURE(std::string(error.what()));
      CHECK(std::string(error.what()).find(part) != std::string::npos);
    }
  };
  refused("mlp(hidden=13-4)", plan, "must be at least as large in every dimension");
  refused("mlp(hidden=6-4-4)", plan, "has no tensor 'fc4.weight'");
  refused("mlp(hidden=6-4)", "weight_selection", "needs a file");
  refused("mlp(hidden=6-4)", "weight_selection(file=no/such.pt)", "no/such.pt");
}

TEST_CASE("weight_selection: a file written anew is read anew, whichever layer asks first") {
  const Scratch scratch;
  const std::string path = scratch / "large.safetensors", plan = "fc2.*=weight_selection(file=" + path + ")";
  for (const std::uint64_t seed : {1u, 2u, 3u}) {
    auto large = models::build("mlp(hidden=12-9)", {.classes = 5}),
         small = models::build("mlp(hidden=12-9)", {.classes = 5});
    Generator generator(seed);
    start::initialize(*large, generator);
    start::save_model(path, *large);
    start::initialize(*small, plan, generator);
    CHECK(small->parameter("fc2.weight")->value.to_vector() ==
          large->parameter("fc2.weight")->value.to_vector());
  }
  std::filesystem::remove(path);
  auto small = models::build("mlp(hidden=12-9)", {.classes = 5});
  Generator generator(1);
  CHECK_THROWS_AS(start::initialize(*small, plan, generator), Error);
}

TEST_CASE("weight_selection: key= chooses among the dicts that a file nests, one after the other") {
  const std::string path = "tests/reference/files/checkpoints/ema.pt";
  const auto selected = [&](const std::string& key) {
    const io::TensorFile file = io::read_tensor_file(path, key);
    const std::vector<Index>& sizes = file.at("0.weight").sizes;
    nn::Sequential net;
    net.add("0", nn::Linear({.in = sizes[1], .out = sizes[0]}));
    Generator generator(1);
    start::initialize(net, "weight_selection(file=" + path + (key.empty() ? "" : ", key=" + key) + ")",
                      generator);
    CHECK(net.parameter("0.bias")->value.to_vector() == file.at("0.bias").to_floats());
    return net.parameter("0.bias")->value.to_vector();
  };
  const auto plain = selected("");
  CHECK(selected("params_ema") != plain);
  CHECK(selected("params") == plain);
}
