// Layers, tensors, data sets and streams used as they cannot be: each an Error that says what, and never a
// crash.
#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <memory>

#include <fanin/autograd/gradcheck.hpp>
#include <fanin/autograd/node.hpp>
#include <fanin/data/loader.hpp>
#include <fanin/nn/activation.hpp>
#include <fanin/nn/conv2d.hpp>
#include <fanin/nn/linear.hpp>
#include <fanin/nn/norm.hpp>
#include <fanin/nn/observer.hpp>
#include <fanin/nn/own_layer.hpp>
#include <fanin/nn/residual.hpp>
#include <fanin/nn/sequential.hpp>
#include <fanin/nn/simple_layers.hpp>
#include <fanin/ops/linear.hpp>
#include <fanin/ops/loss.hpp>
#include <fanin/optim/optimizer.hpp>
#include <fanin/random/generator.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/start/keep_state.hpp>
#include <fanin/start/width.hpp>

#include "tests/misuse.hpp"

using namespace fanin;

namespace {

struct Layer {
  std::string kind;
  std::function<nn::ModulePtr()> make;
  std::vector<Shape> wrong;  // inputs that do not fit
};

template <class L>
std::function<nn::ModulePtr()> maker(auto... options) {
  return [=] { return std::make_shared<L>(options...); };
}

const std::vector<Layer>& layers() {
  static const std::vector<Layer> all = {
      {"Linear", maker<nn::Linear>(nn::LinearOptions{.in = 3, .out = 2}), {{}, {2, 4}, {2, 3, 4}}},
      {"Conv2d",
       maker<nn::Conv2d>(nn::Conv2dOptions{.in = 2, .out = 3, .kernel = 3}),
       {{}, {2, 5, 5}, {1, 3, 5, 5}, {1, 2, 2, 2}, {1, 1, 2, 5, 5}}},
      {"ConvTranspose2d",
       maker<nn::ConvTranspose2d>(nn::ConvTranspose2dOptions{.in = 2, .out = 3, .kernel = 3}),
       {{}, {5, 5}, {1, 3, 5, 5}}},
      {"BatchNorm1d",
       maker<nn::BatchNorm1d>(nn::BatchNormOptions{.features = 3}),
       {{}, {3}, {2, 4}, {1, 3}, {2, 3, 2, 2}}},
      {"BatchNorm2d",
       maker<nn::BatchNorm2d>(nn::BatchNormOptions{.features = 3}),
       {{}, {2, 3}, {2, 4, 2, 2}, {0, 3, 2, 2}}},
      {"LayerNorm", maker<nn::LayerNorm>(nn::LayerNormOptions{.features = 3}), {{}, {4}, {2, 4}}},
      {"GroupNorm",
       maker<nn::GroupNorm>(nn::GroupNormOptions{.groups = 2, .channels = 4}),
       {{}, {4}, {2, 6, 2, 2}}},
      {"PReLU", maker<nn::PReLU>(nn::PReLUOptions{.parameters = 3}), {{}, {3}, {2, 4}}},
      {"Embedding",
       maker<nn::Embedding>(nn::EmbeddingOptions{.count = 1, .dimension = 2}),
       {{2}}},  // of ones: out of range
      {"MaxPool2d", maker<nn::MaxPool2d>(), {{}, {2, 4, 4}, {1, 1, 1, 4}}},
      {"AvgPool2d", maker<nn::AvgPool2d>(), {{}, {4}, {1, 1, 4, 1}}},
      {"AdaptiveAvgPool2d", maker<nn::AdaptiveAvgPool2d>(Index{2}, Index{2}), {{}, {2, 4}, {1, 1, 0, 4}}},
      {"Flatten", maker<nn::Flatten>(), {{}, {3}}},
      {"Identity", maker<nn::Identity>(), {}},
      {"Dropout", maker<nn::Dropout>(), {}},
      {"ReLU", [] { return std::make_shared<nn::ActivationLayer>(nn::ReLU()); }, {}},
      {"Sequential", maker<nn::Sequential>(), {}},
      {"Residual",
       [] {
         return std::make_shared<nn::Residual>(
             nn::ResidualOptions{.body = std::make_shared<nn::Flatten>(), .body_name = "body"});
       },
       {{}, {2, 3, 4}}},
  };
  return all;
}

void born(nn::Module& layer) {
  Generator generator(0);
  start::initialize(layer, generator);
}

/// A module whose child its parent does not know.
class Forgetful final : public nn::Module {
 public:
  std::string kind() const override { return "Forgetful"; }

 protected:
  Tensor forward(const Tensor& x) override { return inner_(x); }

 private:
  nn::Linear inner_{3, 2};
};

}  // namespace

TEST_CASE("misuse: every layer refuses an undefined input, and one of a shape that does not fit") {
  for (const auto& layer : layers()) {
    CAPTURE(layer.kind);
    const auto made = layer.make();
    CHECK(made->kind() == layer.kind);
    born(*made);
    CHECK(message([&] { (*made)(Tensor()); }) ==
          layer.kind + ": the input is undefined: a tensor with elements is needed");
    CHECK(message([&] { nn::Sequential().add("it", made).add("relu", nn::ReLU())(Tensor()); }) != "no error");
    for (const Shape& shape : layer.wrong) {
      CAPTURE(shape.to_string());
      CHECK(message([&] { (*made)(Tensor::ones(shape)); }) != "no error");
    }
  }
}

TEST_CASE("misuse: a layer without values, and a layer that was moved from, say so") {
  for (const auto& layer : layers()) {
    CAPTURE(layer.kind);
    const auto made = layer.make();
    if (made->named_parameters().empty()) continue;
    CHECK(holds(message([&] { (*made)(Tensor::ones(layer.wrong.back())); }), "has no values yet"));
    for (const auto& one : made->named_parameters())
      CHECK(holds(message([&] { static_cast<void>(one.parameter->value.values()); }), "has no values yet"));
  }
  nn::Linear linear(3, 2);
  nn::Conv2d conv({.in = 1, .out = 1, .kernel = 1});
  nn::BatchNorm1d norm({.features = 2});
  nn::Dropout drop;
  nn::ActivationLayer relu = nn::ReLU();
  nn::Residual block({.body = std::make_shared<nn::Flatten>(), .body_name = "body", .scaled = true});
  nn::Sequential net("fc", nn::Linear(3, 2));
  const auto taken = std::make_tuple(std::move(linear), std::move(conv), std::move(norm), std::move(drop),
                                     std::move(relu), std::move(block), std::move(net));
  for (nn::Module* layer :
       std::initializer_list<nn::Module*>{&linear, &conv, &norm, &drop, &relu, &block, &net}) {
    CAPTURE(layer->kind());
    const std::string said =
        layer->kind() + ": this layer was moved from and is empty; use the one that it was moved into";
    Generator generator(0);
    CHECK(message([&] { (*layer)(Tensor::ones({1, 3})); }) == said);
    CHECK(message([&] { layer->named_parameters(); }) == said);
    CHECK(message([&] { layer->state_dict(); }) == said);
    CHECK(message([&] { start::initialize(*layer, generator); }) == said);
    CHECK(message([&] { layer->train(); }) == said);
    CHECK(message([&] { start::KeepState keep(*layer); }) == said);
    CHECK(message([&] { optim::Optimizer(*layer, {}); }) == said);
  }
  check_all({{"weight", [&] { linear.weight->use(); }, "the layer has no 'weight'"},
             {"describe", [&] { static_cast<void>(linear.describe()); }, "the layer has no 'weight'"},
             {"body", [&] { block.body(); }, "Residual: this block was moved from"},
             {"scale", [&] { block.branch_weight->value.data(); }, "the layer has no 'branch_weight'"}});
  linear = nn::Linear(3, 2);  // whole again
  CHECK(linear.named_parameters().size() == 2);
}

TEST_CASE("misuse: what a layer was made without is an Error by name") {
  const nn::Linear linear({.in = 3, .out = 2, .bias = false});
  const nn::Conv2d conv({.in = 1, .out = 1, .kernel = 1, .bias = false});
  const nn::BatchNorm1d norm({.features = 2, .affine = false});
  nn::Residual plain({.body = std::make_shared<nn::Flatten>(), .body_name = "body"});
  check_all({{"linear", [&] { linear.bias->value.fill(0); },
              "the layer has no 'bias': it was made without, or moved from; ask `if (layer.bias)`"},
             {"conv", [&] { (*conv.bias).use(); }, "the layer has no 'bias'"},
             {"norm weight", [&] { static_cast<void>(norm.weight->fans); }, "the layer has no 'weight'"},
             {"norm bias", [&] { static_cast<void>(norm.bias->name); }, "the layer has no 'bias'"},
             {"scale", [&] { plain.branch_weight->use(); }, "the layer has no 'branch_weight'"}});
  CHECK_FALSE(linear.bias);
  CHECK(linear.bias == nullptr);
  CHECK(linear.weight != nullptr);
}

TEST_CASE("misuse: parameters and buffers of a layer have names of their own") {
  struct Twice : nn::OwnLayer<Twice> {
    explicit Twice(const char* name) {
      add_parameter("w", {2}, init::ones(), {2, 2});
      add_parameter(name, {3}, init::ones(), {3, 3});
    }
  };
  struct Both : nn::OwnLayer<Both> {
    explicit Both(const char* name) {
      add_parameter("w", {2}, init::ones(), {2, 2});
      add_buffer("seen", Tensor::zeros({1}));
      add_buffer(name, Tensor::zeros({1}));
    }
  };
  check_all({{"parameters", [] { Twice("w"); }, "two parameters or buffers of a layer are named 'w'"},
             {"a buffer", [] { Both("w"); }, "two parameters or buffers of a layer are named 'w'"},
             {"buffers", [] { Both("seen"); }, "are named 'seen'"},
             {"no name", [] { Twice(""); }, "'' is not a name of a parameter"},
             {"a dot", [] { Both("a.b"); }, "'a.b' is not a name"}});
  CHECK_NOTHROW(Both("more"));
}

TEST_CASE("misuse: children that cannot be are refused when they are added") {
  nn::Sequential net;
  auto inner = std::make_shared<nn::Sequential>(), outer = std::make_shared<nn::Sequential>();
  outer->add("inner", inner);
  const auto add = [&](const char* name) { return [&net, name] { net.add(name, nn::ReLU()); }; };
  net.add("a", nn::ReLU());
  check_all({{"null", [&] { net.add("x", nullptr); }, "Sequential: the layer 'x' is null"},
             {"null pointer", [&] { net.add("x", std::shared_ptr<nn::Linear>()); }, "the layer 'x' is null"},
             {"null in a list", [] { nn::Sequential("x", nn::ModulePtr()); }, "the layer 'x' is null"},
             {"same name", add("a"), "two layers are named 'a'"},
             {"a dot", add("b.c"), "'b.c' is not a layer name"},
             {"no name", add(""), "'' is not a layer name"},
             {"itself", [&] { inner->add("me", inner); }, "'me' is this layer itself"},
             {"a circle", [&] { inner->add("outer", outer); }, "'outer.inner' is this layer itself"},
             {"moved from",
              [&] {
                auto gone = std::make_shared<nn::Linear>(2, 2);
                const nn::Linear now = std::move(*gone);
                net.add("gone", gone);
              },
              "this layer was moved from"},
             {"body", [] { nn::Residual(nn::ResidualOptions{}); }, "Residual: the body is missing"}});
  CHECK(net.children().size() == 1);
  // nothing in a row: the input
  CHECK(nn::Sequential()(Tensor::ones({2, 2})).to_vector() == std::vector<real>(4, 1));
  Forgetful forgetful;
  born(forgetful);
  CHECK(holds(message([&] { forgetful(Tensor::ones({1, 3})); }), "add_child"));
  const nn::Observer::Callback none;
  CHECK(holds(message([&] { const nn::Observer observer(none); }), "Observer needs a function"));
  CHECK_FALSE(nn::Observer::active());
}

TEST_CASE("misuse: shapes, data sets, loaders and streams refuse what is out of range") {
  constexpr Index huge = std::numeric_limits<Index>::max();
  Shape shape{2, 3};
  data::Dataset data{.name = "tiny",
                     .count = 4,
                     .height = 2,
                     .width = 2,
                     .classes = 2,
                     .images = std::vector<std::uint8_t>(16),
                     .labels = {0, 1, 0, 1}};
  data.measure();
  data::Dataset cut = data, wild = data, none = data;
  cut.images.resize(7);
  wild.labels[2] = 9;
  none.classes = -3;
  nn::Linear stranger(2, 2);
  born(stranger);
  nn::Sequential drawn("one", nn::Linear(64, 32), "two", nn::Linear(32, 2));
  Generator generator(0);
  start::initialize(drawn, "mup(base_width=8)", generator);
  check_all({{"set negative", [&] { shape.set(1, -1); }, "must not be negative: got -1"},
             {"set huge", [&] { shape.set(1, huge); }, "too many elements"},
             {"set out of range", [&] { shape.set(2, 1); }, "dimension 2 is out of range"},
             {"image -1", [&] { data.image(-1); }, "image -1 is out of range, it has 4"},
             {"image 4", [&] { data.image(4); }, "image 4 is out of range"},
             {"image past the bytes", [&] { cut.image(3); }, "image bytes"},
             {"measure past the bytes", [&] { cut.measure(); }, "image bytes"},
             {"counts of a label out of range", [&] { wild.class_counts(); }, "label 9"},
             {"counts of no classes", [&] { none.class_counts(); }, "-3 classes"},
             {"take 0", [&] { data.take(0); }, "cannot take 0"},
             {"take huge", [&] { data.take(huge); }, "cannot take"},
             {"take_per_class", [&] { data.take_per_class(3, 0); }, "cannot take 3"},
             {"split", [&] { data.split(std::nan(""), 0); }, "cannot split at nan"},
             {"only_classes", [&] { data.only_classes(std::vector<int>{2}); }, "no class 2"},
             {"only no classes", [&] { data.only_classes({}); }, "at least one"},
             {"subset",
              [&] {
                data.subset(std::vector<Index>{0, -1});
              },
              "image -1"},
             {"batch 0", [&] { data::Loader(data, {.batch = 0}); }, "batch 0 must be at least 1"},
             {"batch -1", [&] { data::first_batch(data, -1); }, "batch -1 must be at least 1"},
             {"seek",
              [&] {
                data::Loader(data, {.batch = 2}).seek({0, 9});
              },
              "no position"},
             {"randperm", [&] { generator.randperm(-1); }, "-1 is negative"},
             {"randperm huge", [&] { generator.randperm(huge); }, "randperm"},
             {"below", [&] { generator.below(0); }, "below"},
             {"bernoulli", [&] { generator.bernoulli({}, 2); }, "bernoulli"},
             {"augment without pixels",
              [&] {
                std::vector<std::uint8_t> pixels(4);
                data::Transform().shift(1, 1).augment({pixels.data(), 1, 2, 2}, {}, generator);
              },
              "scratch"},
             {"gradcheck of nothing", [&] { gradcheck({}, {}); }, "gradcheck"},
             {"by_width of another model",
              [&] { start::by_width(drawn, optim::adam(), {{.parameters = stranger.named_parameters()}}); },
              "this model has no parameter 'weight'"},
             {"parameter", [&] { drawn.parameter("one.wieght"); }, "one.weight"},
             {"forget", [&] { start::forget(drawn, "three.*"); }, "three.*"},
             {"class weights",
              [&] {
                ops::cross_entropy(Tensor::ones({1, 2}), std::vector<std::int32_t>{0},
                                   {.class_weights = Tensor::from({2, -1}, {2})});
              },
              "class weight -1 of class 1 must be a finite number ≥ 0"},
             {"class weights nan",
              [&] {
                ops::cross_entropy(Tensor::ones({1, 2}), std::vector<std::int32_t>{0},
                                   {.class_weights = Tensor::from({2, std::nanf("")}, {2})});
              },
              "class weight nan of class 1"}});
}
