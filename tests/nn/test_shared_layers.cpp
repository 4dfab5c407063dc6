// One layer used twice, and tied parameters: one parameter, one draw, one gradient, one update, under several
// names in a state dict.
#include <doctest/doctest.h>

#include <cmath>

#include <fanin/autograd/node.hpp>
#include <fanin/core/moments.hpp>
#include <fanin/io/safetensors.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/nn/activation.hpp>
#include <fanin/nn/linear.hpp>
#include <fanin/nn/norm.hpp>
#include <fanin/nn/sequential.hpp>
#include <fanin/nn/simple_layers.hpp>
#include <fanin/ops/loss.hpp>
#include <fanin/optim/optimizer.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/start/shrink_perturb.hpp>
#include <fanin/start/state_dict.hpp>
#include <fanin/train/finetune.hpp>

#include "tests/io/scratch.hpp"
#include "tests/message.hpp"

using namespace fanin;

namespace {

using Names = std::vector<std::string>;

Names names_of(const auto& all) {
  Names names;
  for (const auto& one : all) names.push_back(one.name);
  return names;
}

Names state_names(nn::Module& model) {
  Names names;
  for (const auto& [name, tensor] : model.state_dict()) names.push_back(name);
  return names;
}

/// in → a → ReLU → a again → out.
struct Twice {
  std::shared_ptr<nn::Linear> a = std::make_shared<nn::Linear>(6, 6);
  nn::Sequential net{"in", nn::Linear(4, 6), "a", a, "relu", nn::ReLU(), "again", a, "out", nn::Linear(6, 3)};
};

/// Two layers of one weight, each with a bias of its own.
struct Tied {
  std::shared_ptr<nn::Linear> a = std::make_shared<nn::Linear>(6, 6), b = std::make_shared<nn::Linear>(6, 6);
  nn::Sequential net{"in", nn::Linear(4, 6), "a", a, "relu", nn::ReLU(), "b", b, "out", nn::Linear(6, 3)};
  Tied() { b->weight = a->weight; }
};

void draw(nn::Module& model, const std::string& plan = "default") {
  Generator generator(4);
  start::initialize(model, plan, generator);
}

Tensor batch() {
  Tensor x(Shape{5, 4});
  Generator(1).normal(x.values(), 0, 1);
  return x;
}

void backward(nn::Module& model) {
  ops::cross_entropy(model(batch()), std::vector<std::int32_t>{0, 1, 2, 0, 1}).backward();
}

/// The norm over the distinct gradients, computed here.
double norm_of(std::initializer_list<const nn::ParameterRef*> parameters) {
  double squares = 0;
  for (const auto* one : parameters) squares += std::pow(norm((*one)->value.grad().values()), 2);
  return std::sqrt(squares);
}

}  // namespace

TEST_CASE("a layer used twice is listed, counted and initialized once, and saved under both names") {
  Twice twice;
  CHECK(names_of(twice.net.named_parameters()) ==
        Names{"in.weight", "in.bias", "a.weight", "a.bias", "out.weight", "out.bias"});
  CHECK(names_of(twice.net.named_modules()) == Names{"", "in", "a", "relu", "out"});
  CHECK(state_names(twice.net) == Names{"in.weight", "in.bias", "a.weight", "a.bias", "again.weight",
                                        "again.bias", "out.weight", "out.bias"});
  CHECK(twice.net.parameter_count() == (4 * 6 + 6) + (6 * 6 + 6) + (6 * 3 + 3));
  CHECK(twice.net.parameter("again.weight") == twice.a->weight);
  Generator generator(4);
  CHECK(start::initialize(twice.net, generator).size() == 6);
  // What is drawn behind it is as if it stood there once.
  nn::Sequential once("in", nn::Linear(4, 6), "a", nn::Linear(6, 6), "relu", nn::ReLU(), "out",
                      nn::Linear(6, 3));
  draw(once);
  CHECK(twice.net.parameter("out.weight")->value.to_vector() ==
        once.parameter("out.weight")->value.to_vector());
}

TEST_CASE("a parameter tied by assignment is one, in both layers, and the other one is gone") {
  Tied tied;
  CHECK(names_of(tied.net.named_parameters()) ==
        Names{"in.weight", "in.bias", "a.weight", "a.bias", "b.bias", "out.weight", "out.bias"});
  CHECK(tied.net.state_dict().size() == 8);
  CHECK(tied.net.parameter_count() == 30 + 36 + 6 + 6 + 21);
  draw(tied.net);
  tied.a->weight->value.data()[3] = 7;
  CHECK(tied.b->weight->value.data()[3] == 7);
  CHECK(tied.net.parameter("b.weight")->value.data()[3] == 7);
  auto copy = tied.b->bias;  // a copy of the hold: assigning to it ties nothing
  copy = tied.a->bias;
  CHECK(tied.net.parameter("b.bias") != tied.net.parameter("a.bias"));
  const nn::Linear narrow(6, 5);
  CHECK(holds(message([&] { tied.a->weight = narrow.weight; }),
              "'weight' of shape [6, 6] cannot be tied to 'weight' of shape [5, 6]"));
  nn::Linear plain({.in = 6, .out = 6, .bias = false});
  CHECK(holds(message([&] { plain.bias = tied.a->bias; }), "the layer has no 'bias'"));
  // A layer moved into a model stays tied.
  nn::Linear first(3, 3), second(3, 3);
  second.weight = first.weight;
  nn::Sequential moved("first", std::move(first), "second", std::move(second));
  CHECK(moved.named_parameters().size() == 3);
}

TEST_CASE("the gradient norm, clipping and updates of a shared layer are those of one parameter") {
  const auto run = [](nn::Module& net, std::initializer_list<const nn::ParameterRef*> own) {
    draw(net);
    optim::Optimizer optimizer(net, {.lr = 0.1, .weight_decay = 0.01});
    backward(net);
    const double expected = norm_of(own);
    REQUIRE(expected > 0.2);
    CHECK(optimizer.clip_grad_norm(0.2) == doctest::Approx(expected).epsilon(1e-6));
    CHECK(norm_of(own) == doctest::Approx(0.2).epsilon(1e-4));
    std::vector<real> after;
    for (const auto* one : own) {
      const auto before = (*one)->value.to_vector(), gradient = (*one)->value.grad().to_vector();
      for (std::size_t i = 0; i < before.size(); ++i)
        after.push_back(before[i] - real(0.1) * (gradient[i] + real(0.01) * before[i]));
    }
    optimizer.step();
    std::size_t i = 0;
    for (const auto* one : own) {
      for (const real now : (*one)->value.values()) CHECK(now == doctest::Approx(after[i++]).epsilon(1e-5));
    }
  };
  Twice twice;
  const auto linear = [](nn::Sequential& net, std::size_t i) {
    return dynamic_cast<nn::Linear*>(net.children()[i].second.get());
  };
  const auto* in = linear(twice.net, 0);
  const auto* out = linear(twice.net, 4);
  run(twice.net, {&in->weight, &in->bias, &twice.a->weight, &twice.a->bias, &out->weight, &out->bias});
  Tied tied;
  in = linear(tied.net, 0);
  out = linear(tied.net, 4);
  run(tied.net,
      {&in->weight, &in->bias, &tied.a->weight, &tied.a->bias, &tied.b->bias, &out->weight, &out->bias});
}

TEST_CASE(
    "shared layers are saved under each name and loaded from any of them; two values for one tensor are refused") {
  const Scratch folder;
  const std::string path = folder / "shared.safetensors";
  Twice from;
  draw(from.net);
  start::save_model(path, from.net);
  io::TensorFile file = io::read_tensor_file(path);
  CHECK(file.tensors.size() == 8);
  Twice to;
  start::load_state_dict(to.net, file);
  CHECK(to.a->weight->value.to_vector() == from.a->weight->value.to_vector());
  CHECK(to.a->weight->origin == nn::Origin::loaded);
  for (const char* gone : {"a.weight", "again.weight"}) {  // as files without duplicates have it
    io::TensorFile less = io::read_tensor_file(path);
    std::erase_if(less.tensors, [&](const auto& one) { return one.name == gone; });
    Twice other;
    start::load_state_dict(other.net, less);
    CHECK(other.a->weight->value.to_vector() == from.a->weight->value.to_vector());
  }
  nn::Sequential apart("in", nn::Linear(4, 6), "a", nn::Linear(6, 6), "relu", nn::ReLU(), "again",
                       nn::Linear(6, 6), "out", nn::Linear(6, 3));
  draw(apart);
  start::save_model(path, apart);
  Twice refused;
  const std::string why = message([&] { start::load_state_dict(refused.net, io::read_tensor_file(path)); });
  CHECK(holds(
      why, "'a.weight' and 'again.weight' are one tensor in the model and two different ones in the file"));
  CHECK(refused.a->weight->origin == nn::Origin::declared);
  start::load_state_dict(refused.net, io::read_tensor_file(path), {.skip = {"a.*"}});
  CHECK(refused.a->weight->value.to_vector() == apart.parameter("again.weight")->value.to_vector());
}

TEST_CASE("a shared layer is frozen, slowed, excepted and forgotten by any of its names") {
  for (const char* name : {"a", "again"}) {
    CAPTURE(name);
    Twice twice;
    draw(twice.net);
    const train::FineTuning tuning(twice.net, {.freeze = {name}, .rates = {{name, 0.5}}});
    for (const auto& one : tuning.layers()) CHECK(one.frozen == one.name.starts_with("a."));
    CHECK(tuning.layers().size() == 6);
    const auto before = twice.a->weight->value.to_vector();
    Generator generator(2);
    start::shrink_and_perturb(
        twice.net, {.except = {std::string(name) + ".weight", std::string(name) + ".bias"}}, generator);
    CHECK(twice.a->weight->value.to_vector() == before);
    start::forget(twice.net, std::string(name) + ".weight");
    CHECK(twice.a->weight->origin == nn::Origin::declared);
  }
}

TEST_CASE("statistics and streams of a shared layer are listed once") {
  auto norm = std::make_shared<nn::BatchNorm1d>(nn::BatchNormOptions{.features = 4});
  auto drop = std::make_shared<nn::Dropout>(0.5);
  nn::Sequential net("a", norm, "b", drop, "c", norm, "d", drop);
  CHECK(net.named_buffers().size() == 2);
  CHECK(net.named_generators().size() == 1);
  CHECK(state_names(net).size() == 8);
}
