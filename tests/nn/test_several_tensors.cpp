// Modules that take or give several tensors, and predictions of a const model.
#include <doctest/doctest.h>

#include <thread>
#include <vector>

#include <fanin/core/error.hpp>
#include <fanin/nn/activation.hpp>
#include <fanin/nn/linear.hpp>
#include <fanin/nn/norm.hpp>
#include <fanin/nn/observer.hpp>
#include <fanin/nn/sequential.hpp>
#include <fanin/nn/simple_layers.hpp>
#include <fanin/ops/elementwise.hpp>
#include <fanin/ops/loss.hpp>
#include <fanin/optim/optimizer.hpp>
#include <fanin/start/initialize.hpp>

#include "tests/message.hpp"
#include "tests/nn/several_tensors.hpp"

using namespace fanin;

namespace {

template <class Model>
void draw(Model& model, std::uint64_t seed = 0) {
  Generator generator(seed);
  start::initialize(model, generator);
}

Tensor uniform(const Shape& shape, std::uint64_t seed) {
  Tensor tensor(shape);
  Generator(seed).uniform(tensor.values(), -1, 1);
  return tensor;
}

std::vector<std::vector<real>> values(const std::vector<std::pair<std::string, Tensor>>& state) {
  std::vector<std::vector<real>> all;
  for (const auto& [name, tensor] : state) all.push_back(tensor.to_vector());
  return all;
}

}  // namespace

TEST_CASE("module: a siamese net runs one tower on two tensors, and trains") {
  Siamese net;
  draw(net);
  CHECK(net.named_parameters().size() == 4);  // one tower
  const Tensor left = uniform({16, 6}, 1), right = uniform({16, 6}, 2);
  const Tensor alike = net({left, right})[0];
  CHECK(alike.shape() == Shape{16, 2});
  CHECK(net({right, left})[0].to_vector() == alike.to_vector());
  optim::Optimizer optimizer(net, {.lr = 0.1});
  const Tensor target = uniform({16, 2}, 3);
  double first = 0, last = 0;
  for (int step = 0; step < 40; ++step) {
    optimizer.zero_grad();
    const Tensor loss = ops::mse(net({left, right})[0], target);
    loss.backward();
    optimizer.step();
    last = static_cast<double>(loss.item());
    if (step == 0) first = last;
  }
  CHECK(last < 0.9 * first);
}

TEST_CASE("module: a net with two heads gives two tensors, and both losses reach its trunk") {
  TwoHeaded net;
  draw(net);
  const Tensor x = uniform({16, 6}, 1), height = uniform({16, 1}, 2);
  std::vector<std::int32_t> labels;
  for (int i = 0; i < 16; ++i) labels.push_back(i % 3);
  optim::Optimizer optimizer(net, {.rule = optim::adam(), .lr = 0.02});
  double first = 0, last = 0;
  for (int step = 0; step < 40; ++step) {
    optimizer.zero_grad();
    const std::vector<Tensor> heads = net({x});
    REQUIRE(heads.size() == 2);
    const Tensor loss = ops::cross_entropy(heads[0], labels) + ops::mse(heads[1], height);
    loss.backward();
    optimizer.step();
    last = static_cast<double>(loss.item());
    if (step == 0) first = last;
  }
  CHECK(last < 0.7 * first);
}

TEST_CASE("module: an observer sees every tensor that comes out") {
  TwoHeaded net;
  draw(net);
  std::vector<std::string> seen;
  const nn::Observer observer(
      [&](nn::Module& layer, const Tensor& y) { seen.push_back(layer.kind() + y.shape().to_string()); });
  net({uniform({2, 6}, 1)});
  CHECK(seen == std::vector<std::string>{"Linear[2, 5]", "Tanh[2, 5]", "Sequential[2, 5]", "Linear[2, 3]",
                                         "Linear[2, 1]", "TwoHeaded[2, 3]", "TwoHeaded[2, 1]"});
}

TEST_CASE("module: the wrong number of tensors is an Error, and so is one that is undefined") {
  Siamese net;
  CHECK(holds(message([&] {
                net({uniform({2, 6}, 1), uniform({2, 6}, 2)});
              }),
              "parameter 'tower.fc1.weight' of shape [5, 6] has no values yet"));
  draw(net);
  const Tensor x = uniform({2, 6}, 1);
  CHECK(holds(message([&] { net(x); }),
              "Siamese: takes or gives several tensors: call it with a list of them"));
  CHECK(holds(message([&] { net({x, Tensor()}); }), "Siamese: the input is undefined"));
  nn::Linear layer(6, 2);
  draw(layer);
  CHECK(layer({x}).at(0).to_vector() == layer(x).to_vector());
  CHECK(holds(message([&] { layer({x, x}); }), "Linear: takes one tensor, got 2"));
}

TEST_CASE("module: a const model predicts as in evaluation mode and stays as it was, from several threads") {
  nn::Sequential net("fc1", nn::Linear(6, 32), "norm", nn::BatchNorm1d({.features = 32}), "act", nn::Mish(),
                     "drop", nn::Dropout(0.5), "fc2", nn::Linear(32, 3));
  draw(net);
  net(uniform({64, 6}, 9));  // running statistics of its own
  const auto before = values(net.state_dict());
  const Tensor x = uniform({8, 6}, 1);
  net.eval();
  const std::vector<real> expected = net(x).to_vector();
  net.train();
  CHECK(net(x).to_vector() != expected);
  for (const auto& [name, tensor] : net.named_buffers()) CHECK(tensor.has_values());

  const auto state = values(net.state_dict());
  CHECK(state != before);  // training moved the running statistics
  net.eval();
  const std::vector<real> moved = net(x).to_vector();
  net.train();
  const nn::Module& served = net;
  std::vector<std::vector<real>> answers(4);
  std::vector<std::thread> threads;
  for (auto& answer : answers) {
    threads.emplace_back([&served, &x, &answer] {
      for (int i = 0; i < 20; ++i) {
        const Tensor y = served.predict(x);
        if (!y.requires_grad()) answer = y.to_vector();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& answer : answers) CHECK(answer == moved);
  CHECK(served.training());
  CHECK(values(served.state_dict()) == state);
  CHECK(served.parameter_count() == net.parameter_count());
  CHECK(served.named_parameters().front().name == "fc1.weight");
  CHECK(served.parameter("fc2.bias")->value.numel() == 3);
  CHECK(served.named_modules().size() == 6);

  TwoHeaded heads;
  draw(heads);
  const nn::Module& two = heads;
  CHECK(two.predict(std::vector<Tensor>{x})[1].to_vector() == heads({x})[1].to_vector());
}
