// mlp and lenet against PyTorch: the weights they are born with, their gradients, and ten steps of SGD.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include <fanin/models.hpp>
#include <fanin/ops/loss.hpp>
#include <fanin/optim/optimizer.hpp>
#include <fanin/start/initialize.hpp>

#include "tests/reference/digest.hpp"

using namespace fanin;
using nlohmann::json;

namespace {

constexpr double tolerance = 1e-5;

/// The batch of make_models.py.
struct Example {
  Tensor images{Shape{16, 1, 28, 28}};
  std::vector<std::int32_t> labels;

  Example() {
    for (Index i = 0; i < images.numel(); ++i) images.data()[i] = static_cast<real>(i * 7919 % 257) / 128 - 1;
    for (std::int32_t i = 0; i < 16; ++i) labels.push_back(i * 3 % 10);
  }
};

nn::ModulePtr born(const std::string& name) {
  const auto model = models::build(name, {});
  Generator generator(0);
  start::initialize(*model, "default", generator);
  return model;
}

}  // namespace

TEST_CASE("models: are born with PyTorch's weights, bit for bit") {
  for (const char* name : {"mlp", "lenet"}) {
    CAPTURE(name);
    const auto model = born(name);
    const json& expected = reference().at("models").at(name).at("initial");
    REQUIRE(model->named_parameters().size() == expected.size());
    for (const auto& one : model->named_parameters()) {
      CAPTURE(one.name);
      REQUIRE(expected.contains(one.name));
      check_digest(one.parameter->value, expected.at(one.name), 1e-7);
      CHECK(same_bits(one.parameter->value, expected.at(one.name)));
    }
  }
}

TEST_CASE("models: compute PyTorch's logits, loss and gradients") {
  for (const char* name : {"mlp", "lenet"}) {
    CAPTURE(name);
    const auto model = born(name);
    const Example example;
    const json& expected = reference().at("models").at(name);
    const Tensor logits = (*model)(example.images);
    CHECK(list_error(logits.to_vector(), expected.at("logits")) <= tolerance);
    const Tensor loss = ops::cross_entropy(logits, example.labels);
    CHECK(loss.item() == doctest::Approx(expected.at("losses").at(0).get<double>()).epsilon(tolerance));
    loss.backward();
    for (const auto& one : model->named_parameters()) {
      CAPTURE(one.name);
      check_digest(one.parameter->value.grad(), expected.at("gradients").at(one.name), tolerance);
    }
  }
}

TEST_CASE("models: ten steps of SGD end where PyTorch's do") {
  for (const char* name : {"mlp", "lenet"}) {
    CAPTURE(name);
    const auto model = born(name);
    const Example example;
    const json& expected = reference().at("models").at(name);
    optim::Optimizer optimizer(*model, {.rule = optim::sgd(), .lr = 0.1});
    std::vector<float> losses;
    for (int step = 0; step < 10; ++step) {
      optimizer.zero_grad();
      const Tensor loss = ops::cross_entropy((*model)(example.images), example.labels);
      loss.backward();
      losses.push_back(loss.item());
      optimizer.step();
    }
    CHECK(list_error(losses, expected.at("losses")) <= tolerance);
    for (const auto& one : model->named_parameters()) {
      CAPTURE(one.name);
      check_digest(one.parameter->value, expected.at("trained").at(one.name), tolerance);
    }
  }
}
