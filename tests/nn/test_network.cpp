// A network as its user handles it: layers by name, replaced, cloned, run up to one of them.
#include <doctest/doctest.h>

#include <functional>
#include <thread>

#include <fanin/autograd/node.hpp>
#include <fanin/core/error.hpp>
#include <fanin/models.hpp>
#include <fanin/nn/activation.hpp>
#include <fanin/nn/conv2d.hpp>
#include <fanin/nn/linear.hpp>
#include <fanin/nn/norm.hpp>
#include <fanin/nn/observer.hpp>
#include <fanin/nn/own_layer.hpp>
#include <fanin/nn/residual.hpp>
#include <fanin/nn/sequential.hpp>
#include <fanin/nn/simple_layers.hpp>
#include <fanin/ops/activation.hpp>
#include <fanin/ops/elementwise.hpp>
#include <fanin/ops/pool2d.hpp>
#include <fanin/ops/reduce.hpp>
#include <fanin/optim/optimizer.hpp>
#include <fanin/start/initialize.hpp>

#include "tests/message.hpp"
#include "tests/nn/several_tensors.hpp"
#include "tests/nn/zoo.hpp"

using namespace fanin;

namespace {

nn::Sequential small() {
  return nn::Sequential("fc1", nn::Linear(6, 8), "relu1", nn::ReLU(), "fc2", nn::Linear(8, 7), "relu2",
                        nn::ReLU(), "fc3", nn::Linear(7, 3));
}

void draw(nn::Module& model, std::uint64_t seed = 0) {
  Generator generator(seed);
  start::initialize(model, generator);
}

Tensor noise(const Shape& shape, std::uint64_t seed = 1) {
  Tensor tensor(shape);
  Generator(seed).uniform(tensor.values(), -1, 1);
  return tensor;
}

std::vector<std::vector<real>> values(const nn::Module& model) {
  std::vector<std::vector<real>> all;
  for (const auto& one : model.state_dict()) all.push_back(one.second.to_vector());
  return all;
}

/// x + down(relu(up(x))): a layer of one's own.
class Block final : public nn::Module {
 public:
  explicit Block(Index width) : width_(width) {}
  std::string kind() const override { return "Block"; }

 protected:
  Tensor forward(const Tensor& x) override { return x + scale_->use() * down_(ops::relu(up_(x))); }
  nn::ModulePtr copy() const override { return copied(*this); }

 private:
  Index width_;
  nn::Child<nn::Linear> up_ = child("up", nn::Linear(width_, 2 * width_));
  nn::Child<nn::Linear> down_ = child("down", nn::Linear(2 * width_, width_));
  nn::ParameterRef scale_ = add_parameter("scale", {1}, init::ones(), {1, 1});
};

/// Runs a layer that it never declared.
class Unregistered final : public nn::Module {
 public:
  Unregistered() { fc_ = child("fc", nn::Linear(4, 4)); }
  std::string kind() const override { return "Unregistered"; }
  nn::Linear lost{4, 4};

 protected:
  Tensor forward(const Tensor& x) override { return lost(fc_(x)); }

 private:
  nn::Child<nn::Linear> fc_;
};

/// Holds a layer by itself, and a handle on a buffer.
class Stubborn final : public nn::Module {
 public:
  Stubborn() { add_child("fc", fc_ = std::make_shared<nn::Linear>(4, 4)); }
  std::string kind() const override { return "Stubborn"; }

 protected:
  Tensor forward(const Tensor& x) override { return (*fc_)(x); }
  nn::ModulePtr copy() const override { return copied(*this); }

 private:
  nn::ModulePtr fc_;
};
class Counter final : public nn::Module {
 public:
  std::string kind() const override { return "Counter"; }

 protected:
  Tensor forward(const Tensor& x) override { return x + count_; }
  nn::ModulePtr copy() const override { return copied(*this); }

 private:
  Tensor count_ = add_buffer("count", Tensor::zeros({1}));
};

}  // namespace

TEST_CASE("network: layers by name, as what they are, and Errors with the nearest names") {
  nn::Sequential net = small();
  draw(net);
  CHECK(net["fc1"].describe() == "Linear(6, 8)");
  CHECK(net.at<nn::Linear>("fc3").weight == net.parameter("fc3.weight"));
  const nn::Sequential& same = net;
  CHECK(&same["fc2"] == &net["fc2"]);
  CHECK(same.at<nn::Linear>("fc2").weight->value.shape() == Shape{7, 8});
  CHECK(holds(message([&] { net["fc9"]; }), "no layer is named 'fc9'"));
  CHECK(holds(message([&] { net["fc9"]; }), "fc1"));
  CHECK(holds(message([&] { net[""]; }), "no layer is named"));
  CHECK(holds(message([&] { net["fc1.weight"]; }), "is a parameter, not a layer"));
  CHECK(holds(message([&] { net.at<nn::Conv2d>("fc1"); }), "layer 'fc1' is Linear(6, 8), not"));
  CHECK(holds(message([&] { net.at<nn::Conv2d>("fc1"); }), "Conv2d"));
  const auto resnet = models::build("resnet_small(blocks=2)", {});
  CHECK((*resnet)["layer1.0.conv1"].kind() == "Conv2d");
  CHECK(holds(message([&] { (*resnet)["layer1.0.conv9"]; }), "layer1.0.conv1"));
}

TEST_CASE("network: a head is replaced, and the rest keeps its values") {
  nn::Sequential net = small();
  draw(net);
  net.eval();
  const auto before = net.parameter("fc1.weight")->value.to_vector();
  nn::Linear& head = net.replace("fc3", nn::Linear(7, 5));
  CHECK(&head == &net["fc3"]);
  CHECK_FALSE(head.training());  // as the network
  CHECK(holds(message([&] { net(noise({2, 6})); }), "parameter 'fc3.weight'"));
  Generator generator(3);
  const auto drawn = start::initialize(net, "fc3=orthogonal", generator);
  CHECK(drawn[0].scheme == "kept");
  CHECK(net(noise({2, 6})).shape() == Shape{2, 5});
  CHECK(net.parameter("fc1.weight")->value.to_vector() == before);
  net.set_child("relu2", std::make_shared<nn::Sequential>("drop", nn::Dropout(0.5), "act", nn::Tanh()));
  CHECK(net["relu2.act"].kind() == "Tanh");
  CHECK(net.predict(noise({2, 6})).shape() == Shape{2, 5});
  CHECK(holds(message([&] { net.replace("fc4", nn::Linear(1, 1)); }), "no layer is named 'fc4'"));
  CHECK(holds(message([&] { net.set_child("fc3", nullptr); }), "the layer 'fc3' is null"));
}

TEST_CASE("network: replaced layers are those that run, in blocks and in layers of one's own") {
  const auto resnet =
      models::build("resnet_small(blocks=2, width=4)", {.channels = 3, .height = 8, .width = 8});
  draw(*resnet);
  const Tensor x = noise({2, 3, 8, 8});
  const auto zero = [](nn::Conv2d conv) {
    conv.weight->set(Tensor::zeros(conv.weight->value.shape()));
    return conv;
  };
  const auto before = resnet->predict(x).to_vector();
  resnet->replace("layer1.0.conv2",
                  zero(nn::Conv2d({.in = 4, .out = 4, .kernel = 3, .padding = 1, .bias = false})));
  const auto after = resnet->predict(x).to_vector();
  CHECK(before != after);
  // a branch of zeros leaves the block's norm bias, zero, and the shortcut
  nn::Sequential net("block", Block(4), "fc", nn::Linear(4, 2));
  draw(net);
  const Tensor row = noise({3, 4});
  nn::Linear down(8, 4);
  down.weight->set(Tensor::zeros({4, 8}));
  down.bias->set(Tensor::zeros({4}));
  net.replace("block.down", std::move(down));
  CHECK(net.until("block").predict(row).to_vector() == row.to_vector());
  net.replace("block.up", nn::Sequential("a", nn::Linear(4, 3), "b", nn::Linear(3, 8)));  // of another kind
  Generator generator(1);
  start::initialize(net, generator);
  CHECK(net.until("block").predict(row).to_vector() == row.to_vector());
  nn::Sequential held("own", Stubborn());
  CHECK(holds(message([&] { held.replace("own.fc", nn::Linear(4, 4)); }), "declare it by child()"));
}

TEST_CASE(
    "network: a residual block lists the layers of its nameless body, whoever changes them, in clones too") {
  const auto body = std::make_shared<nn::Sequential>("fc1", nn::Linear(4, 4), "relu", nn::ReLU());
  nn::Sequential net("block", nn::Residual({.body = body, .shortcut = std::make_shared<nn::Linear>(4, 4)}));
  Generator generator(1);
  start::initialize(net, generator);
  const nn::ModulePtr before = net.clone();
  const auto replaced_by = [&](const std::function<void(nn::Linear)>& replace) {
    nn::Linear layer(4, 4);
    layer.weight->set(Tensor::zeros({4, 4}));
    layer.bias->set(Tensor::full({4}, -1));  // relu makes nothing of it
    replace(std::move(layer));
    CHECK(net.parameter("block.fc1.weight")->value.to_vector() == std::vector<real>(16));
    CHECK(&net["block.fc1"] == body->children()[0].second.get());
    const Tensor x = Tensor::full({1, 4}, 2);
    CHECK(net(x).to_vector() == net["block.shortcut"](x).to_vector());
    CHECK(net.clone()->predict(x).to_vector() == net(x).to_vector());
    net.at<nn::Linear>("block.fc1").weight->value.fill(3);
  };
  replaced_by([&](nn::Linear layer) { body->replace("fc1", std::move(layer)); });
  replaced_by(
      [&](nn::Linear layer) { net.at<nn::Residual>("block").body().replace("fc1", std::move(layer)); });
  replaced_by([&](nn::Linear layer) { net.replace("block.fc1", std::move(layer)); });
  replaced_by([&](nn::Linear layer) {
    nn::Sequential moved = std::move(net);
    body->replace("fc1", std::move(layer));
    net = std::move(moved);
  });
  // One that is added is listed too, behind the body's others, and in its mode.
  net.eval();
  body->add("drop", nn::Dropout(0.5));
  CHECK(net["block.drop"].kind() == "Dropout");
  body->set_child("drop", std::make_shared<nn::Dropout>(0.9));
  CHECK_FALSE(net["block.drop"].training());
  CHECK(holds(message([&] { body->add("shortcut", nn::ReLU()), net.parameter_count(); }),
              "two layers are named 'shortcut'"));
  CHECK(before->named_parameters().size() == 4);
  // One that is its own body's layer would be below itself, and a mode reaches bodies of bodies.
  const auto inner = std::make_shared<nn::Sequential>("fc", nn::Linear(4, 4));
  const auto block = std::make_shared<nn::Residual>(nn::ResidualOptions{.body = inner});
  CHECK(holds(message([&] { inner->add("again", block); }), "nothing can be below itself"));
  nn::Sequential outer("block", nn::Residual({.body = block}));
  outer.eval();
  CHECK_FALSE(inner->training());
}

TEST_CASE("network: a nameless body may be changed and its model then asked by several threads at once") {
  const auto body = std::make_shared<nn::Sequential>("fc1", nn::Linear(4, 4), "relu", nn::ReLU());
  nn::Sequential net("block", nn::Residual({.body = body}), "fc", nn::Linear(4, 2));
  draw(net);
  for (int round = 0; round < 20; ++round) {
    nn::Linear& layer = body->replace("fc1", nn::Linear(4, 4));
    draw(layer);
    std::vector<std::vector<real>> answers(4);
    std::vector<std::thread> threads;
    for (std::vector<real>& answer : answers)
      threads.emplace_back([&] { answer = net.predict(Tensor::full({1, 4}, 2)).to_vector(); });
    for (std::thread& thread : threads) thread.join();
    for (const std::vector<real>& answer : answers)
      CHECK(answer == net.predict(Tensor::full({1, 4}, 2)).to_vector());
  }
}

TEST_CASE("network: a layer that its parent never declared is an Error that says so") {
  nn::Sequential net("own", Unregistered());
  draw(net);
  const std::string said = message([&] { net(noise({2, 4})); });
  CHECK(holds(said, "Unregistered: it runs a layer that is not below it, Linear(4, 4)"));
  CHECK(holds(said, "child("));
  CHECK(holds(message([&] { net.predict(noise({2, 4})); }), "not below it"));
  // Also where somebody gave it values: no optimizer would ever reach them.
  nn::Linear& lost = net.at<Unregistered>("own").lost;
  draw(lost);
  CHECK(holds(message([&] { net(noise({2, 4})); }), "not below it"));
  CHECK(message([&] { net.predict(noise({2, 4})); }) == "no error");
  for (const auto& one : lost.named_parameters()) one.parameter->value.set_requires_grad(false);  // a teacher
  CHECK(message([&] { net(noise({2, 4})); }) == "no error");
}

TEST_CASE("network: a clone has the same values, and shares nothing") {
  for (const char* name : {"lenet", "resnet_small(blocks=2, width=4)", "mlp(dropout=0.5, batch_norm=true)"}) {
    CAPTURE(name);
    const auto model = models::build(name, {.channels = 1, .height = 16, .width = 16});
    draw(*model);
    model->parameter(model->named_parameters().front().name)->value.set_requires_grad(false);
    const Tensor x = noise({4, 1, 16, 16});
    const nn::ModulePtr twin = model->clone();
    CHECK(values(*twin) == values(*model));
    CHECK_FALSE(twin->named_parameters().front().parameter->value.requires_grad());
    CHECK((*twin)(x).to_vector() == (*model)(x).to_vector());  // also what dropout draws, and statistics
    CHECK(values(*twin) == values(*model));
    const auto before = values(*model);
    optim::Optimizer optimizer(*twin, {.lr = 0.5});
    ops::sum((*twin)(x)).backward();
    optimizer.step();
    CHECK(values(*model) == before);
    CHECK(values(*twin) != before);
    CHECK(twin->draw_turns().size() == model->draw_turns().size());
  }
}

TEST_CASE("network: in a clone what was shared is shared, and what has no values has none") {
  nn::Sequential net("fc1", nn::Linear(4, 4), "block", Block(4));
  net.add("fc2", nn::Linear(4, 4));
  net.at<nn::Linear>("fc2").weight = net.at<nn::Linear>("fc1").weight;
  net.at<nn::Linear>("fc1").weight->set(noise({4, 4}));
  const nn::ModulePtr twin = net.clone();
  CHECK(twin->at<nn::Linear>("fc2").weight == twin->at<nn::Linear>("fc1").weight);
  CHECK(twin->at<nn::Linear>("fc1").weight != net.at<nn::Linear>("fc1").weight);
  CHECK(holds(message([&] { twin->parameter("block.up.bias")->value.to_vector(); }), "'block.up.bias'"));
  Generator one(7), other(7);
  start::initialize(net, one);
  start::initialize(*twin, other);
  CHECK(values(*twin) == values(net));
  CHECK(net.clone()->predict(noise({2, 4})).to_vector() == net.predict(noise({2, 4})).to_vector());
  CHECK(holds(message([] { nn::Sequential("x", Stubborn()).clone(); }), "declare it by child()"));
  CHECK(holds(message([] { Counter().clone(); }), "share the buffer 'count'"));
  CHECK(holds(message([] { TwoHeaded().clone(); }), "nn::ModulePtr copy() const override"));
  const nn::Linear layer(2, 2);
  CHECK(holds(message([&] { const nn::Linear copy = layer; }), "clone()"));
}

TEST_CASE("network: run up to a layer, with gradients, in either mode") {
  nn::Sequential net = small();
  draw(net);
  const Tensor x = noise({5, 6});
  const Tensor expected = ops::relu(net["fc2"](ops::relu(net["fc1"](x))));
  const Tensor features = net.until("relu2")(x);
  CHECK(features.to_vector() == expected.to_vector());
  ops::sum(features).backward();
  CHECK(net.parameter("fc1.weight")->value.grad().defined());
  CHECK_FALSE(net.parameter("fc3.weight")->value.grad().defined());
  CHECK_FALSE(std::as_const(net).until("relu2").predict(x).requires_grad());
  CHECK(net.until("fc3")(x).to_vector() == net(x).to_vector());
  CHECK(holds(message([&] { net.until("relu9"); }), "no layer is named 'relu9'"));
  CHECK_FALSE(nn::Observer::active());
  const auto resnet =
      models::build("resnet_small(blocks=2, width=4)", {.channels = 1, .height = 8, .width = 8});
  draw(*resnet);
  CHECK(resnet->until("layer1.0.conv1").predict(noise({2, 1, 8, 8})).shape() == Shape{2, 4, 8, 8});
  CHECK(holds(message([&] { resnet->until("layer2.0")(noise({2, 6})); }), "conv"));  // the model's own Error
}

TEST_CASE("network: layers are made as in PyTorch, and kernels may be rectangular") {
  nn::Sequential net("conv", nn::Conv2d(1, 8, 3), "bn", nn::BatchNorm2d(8), "relu", nn::ReLU(), "pool",
                     nn::MaxPool2d(2));
  draw(net);
  CHECK(net(noise({2, 1, 10, 10})).shape() == Shape{2, 8, 4, 4});
  CHECK(net["conv"].describe() == "Conv2d(1, 8, kernel=3)");
  nn::Sequential wide(
      "conv", nn::Conv2d({.in = 2, .out = 4, .kernel = {1, 5}, .stride = {1, 2}, .padding = {0, 2}}), "up",
      nn::ConvTranspose2d({.in = 4, .out = 2, .kernel = {3, 1}}), "pool", nn::AvgPool2d({.kernel = {2, 3}}));
  draw(wide);
  CHECK(wide["conv"].describe() == "Conv2d(2, 4, kernel=1x5, stride=1x2, padding=0x2)");
  CHECK(wide.parameter("conv.weight")->value.shape() == Shape{4, 2, 1, 5});
  CHECK(wide.parameter("conv.weight")->fans.in == 10);
  CHECK(wide(noise({1, 2, 6, 12})).shape() == Shape{1, 2, 4, 2});
  CHECK(holds(message([] { nn::Conv2d({.in = 1, .out = 1, .kernel = {3, 0}}); }), "kernel=3x0"));
  CHECK(nn::Linear(3, 2, false).bias == nullptr);
  CHECK(nn::Conv2d(3, 4, 3, 2, 1).describe() == "Conv2d(3, 4, kernel=3, stride=2, padding=1)");
  CHECK(nn::Conv2d(3, 6, {3, 1}, 1, {1, 0}, 1, 3, false).describe() ==
        "Conv2d(3, 6, kernel=3x1, padding=1x0, groups=3, bias=false)");
  CHECK(nn::ConvTranspose2d(4, 2, 2, 2, 0, 1, 2).parameter("weight")->value.shape() == Shape{4, 1, 2, 2});
  const Tensor plane = noise({1, 1, 6, 6});
  CHECK(nn::MaxPool2d({.kernel = {3, 1}})(plane).shape() == Shape{1, 1, 2, 6});
  CHECK(nn::MaxPool2d(3, 1)(plane).shape() == Shape{1, 1, 4, 4});  // kernel and stride, as in PyTorch
  CHECK(nn::AvgPool2d(ops::Pair{2, 3})(plane).shape() == Shape{1, 1, 3, 2});
  CHECK(nn::AdaptiveAvgPool2d(1)(plane).shape() == Shape{1, 1, 1, 1});
  CHECK(nn::BatchNorm2d(4, 1e-3, 0.01, false).weight == nullptr);
  net.replace("bn", nn::Identity());
  const Tensor x = noise({2, 1, 10, 10});
  CHECK(net(x).to_vector() == ops::max_pool2d(ops::relu(net["conv"](x))).to_vector());
  CHECK(nn::LayerNorm(5).describe() == "LayerNorm(5)");
  CHECK(nn::GroupNorm(2, 4).describe() == "GroupNorm(2, 4)");
  CHECK(nn::Embedding(3, 2).weight->value.shape() == Shape{3, 2});
  CHECK(nn::PReLU(4).weight->value.shape() == Shape{4});
}

TEST_CASE("network: a parameter is set, and its initializer chosen until it is drawn") {
  nn::Sequential net = small();
  auto& fc1 = net.at<nn::Linear>("fc1");
  fc1.bias->set(Tensor::full({8}, 2));
  fc1.weight->set_init(init::constant(3));
  net.parameter("fc2.weight")->set_init(init::orthogonal());
  Generator generator(0);
  const auto drawn = start::initialize(net, "fc2.bias=ones", generator);
  CHECK(fc1.weight->value[0][0].item() == 3);
  CHECK(fc1.bias->value[7].item() == 2);
  CHECK(drawn[2].scheme == "orthogonal");
  CHECK(holds(message([&] {
                fc1.weight->set(Tensor::zeros({2, 2}));
              }),
              "parameter 'weight' of shape [8, 6] cannot be set to values of shape [2, 2]"));
  CHECK(holds(message([&] { fc1.weight->set(Tensor()); }), "undefined"));
  CHECK(holds(message([&] { fc1.weight->set_init(init::zeros()); }), "drawn by constant("));
  CHECK(holds(message([&] { fc1.bias->set_init(init::zeros()); }), "loaded"));
}

namespace {

/// A layer that says no more than what it holds and computes.
template <int width>
struct Plain : nn::OwnLayer<Plain<width>> {
  nn::Child<nn::Linear> up = this->child("up", nn::Linear(width, 3)),
                        down = this->child("down", nn::Linear(3, width));
  Tensor forward(const Tensor& x) override { return x + down(ops::relu(up(x))); }
};
struct Named : nn::OwnLayer<Named> {
  Tensor forward(const Tensor& x) override { return x; }
};

}  // namespace

TEST_CASE("network: a layer of one's own has its class's name and is cloned without a word of its own") {
  CHECK(Named().kind() == "Named");
  CHECK(Plain<4>().kind() == "Plain<4>");
  nn::Sequential net("block", Plain<4>(), "head", nn::Linear(4, 2));
  Generator generator(3);
  start::initialize(net, generator);
  const Tensor x = Tensor::full({2, 4}, 0.5);
  const nn::ModulePtr twin = net.clone();
  CHECK((*twin)(x).to_vector() == net(x).to_vector());
  net.at<nn::Linear>("block.up").weight->value.fill(0);
  CHECK(values(*twin) != values(net));
}
