#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include <fanin/core/error.hpp>
#include <fanin/models.hpp>
#include <fanin/nn/activation.hpp>
#include <fanin/nn/conv2d.hpp>
#include <fanin/nn/linear.hpp>
#include <fanin/nn/module.hpp>
#include <fanin/nn/norm.hpp>
#include <fanin/nn/observer.hpp>
#include <fanin/nn/residual.hpp>
#include <fanin/nn/sequential.hpp>
#include <fanin/nn/simple_layers.hpp>
#include <fanin/ops/elementwise.hpp>
#include <fanin/ops/reduce.hpp>
#include <fanin/start/initialize.hpp>

using namespace fanin;

namespace {

std::vector<std::string> state_names(nn::Module& model) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : model.state_dict()) names.push_back(name);
  return names;
}

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Tensor pattern(const Shape& shape) {
  Tensor x(shape);
  for (Index i = 0; i < x.numel(); ++i)
    x.data()[i] = static_cast<real>(std::sin(static_cast<double>(i) * 0.7) * 1.5);
  return x;
}

void draw(nn::Module& model, std::uint64_t seed = 0) {
  Generator generator(seed);
  start::initialize(model, generator);
}

double difference(const Tensor& a, const Tensor& b) {
  REQUIRE(a.shape() == b.shape());
  double worst = 0;
  for (Index i = 0; i < a.numel(); ++i)
    worst = std::max(worst, std::abs(static_cast<double>(a.data()[i] - b.data()[i])));
  return worst;
}

}  // namespace

TEST_CASE("state dict: mlp and lenet have PyTorch's names in PyTorch's order") {
  CHECK(state_names(*models::build("mlp", {})) == std::vector<std::string>{"fc1.weight", "fc1.bias",
                                                                           "fc2.weight", "fc2.bias",
                                                                           "fc3.weight", "fc3.bias"});
  CHECK(state_names(*models::build("lenet", {})) ==
        std::vector<std::string>{"conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias", "fc1.weight",
                                 "fc1.bias", "fc2.weight", "fc2.bias", "fc3.weight", "fc3.bias"});
}

TEST_CASE("state dict: resnet_small has torchvision's names, buffers among them") {
  const auto model = models::build("resnet_small(blocks=2)", {});
  const auto names = state_names(*model);
  for (const char* name :
       {"conv1.weight", "bn1.running_mean", "layer1.0.conv1.weight", "layer1.1.bn2.running_var",
        "layer2.0.downsample.0.weight", "layer2.0.downsample.1.bias", "layer3.1.conv2.weight", "fc.bias"}) {
    CAPTURE(name);
    CHECK(has(names, name));
  }
  CHECK_FALSE(has(names, "conv1.bias"));
  CHECK_FALSE(has(names, "layer1.0.downsample.0.weight"));
  auto sorted = names;
  std::sort(sorted.begin(), sorted.end());
  CHECK(std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end());
}

TEST_CASE("state dict: shares the model's elements, also after an optimizer-like move") {
  nn::Sequential model("fc", nn::Linear(3, 2));
  draw(model);
  for (auto [name, tensor] : model.state_dict()) tensor.fill(4);
  CHECK(model.parameter("fc.weight")->value.to_vector() == std::vector<real>(6, 4));
}

TEST_CASE("module: an unknown parameter is an error with the nearest names") {
  nn::Sequential model("fc", nn::Linear(3, 2));
  CHECK_THROWS_WITH_AS(model.parameter("fc.wieght"), doctest::Contains("fc.weight"), Error);
}

TEST_CASE("module: layer names are unique and without dots") {
  nn::Sequential model("fc", nn::Linear(3, 2));
  CHECK_THROWS_AS(model.add("fc", nn::Linear(2, 2)), Error);
  CHECK_THROWS_AS(model.add("a.b", nn::Linear(2, 2)), Error);
  CHECK_THROWS_AS(model.add("", nn::Linear(2, 2)), Error);
}

TEST_CASE("sequential: a fused activation gives what the layers give one by one, gradients too") {
  for (const auto& activation : nn::activation_names()) {
    CAPTURE(activation);
    const auto act = [&] { return nn::ActivationLayer(nn::activation_named(activation)); };
    nn::Sequential fused("conv", nn::Conv2d({.in = 2, .out = 3, .kernel = 3, .padding = 1}), "act1", act(),
                         "flatten", nn::Flatten(), "fc", nn::Linear(75, 4), "act2", act());
    draw(fused, 3);
    const Tensor x = pattern({4, 2, 5, 5});
    const Tensor y = fused(x);
    ops::sum(y).backward();
    std::vector<Tensor> gradients;
    for (const auto& one : fused.named_parameters()) {
      gradients.push_back(one.parameter->value.grad().clone());
      one.parameter->value.zero_grad();
    }
    const nn::Observer observer([](nn::Module&, const Tensor&) {});
    const Tensor apart = fused(x);
    ops::sum(apart).backward();
    CHECK(difference(y, apart) <= 1e-6);
    std::size_t i = 0;
    for (const auto& one : fused.named_parameters()) {
      CAPTURE(one.name);
      CHECK(difference(gradients[i], one.parameter->value.grad()) <= 1e-5);
      ++i;
    }
  }
}

TEST_CASE("sequential: convolution, ReLU and max pool in one pass give what the layers give one by one") {
  for (const Index side : {8, 9}) {  // planes that 2×2 windows tile, and planes that they do not
    CAPTURE(side);
    nn::Sequential net("conv", nn::Conv2d({.in = 2, .out = 3, .kernel = 3, .padding = 1}), "act1", nn::ReLU(),
                       "pool", nn::MaxPool2d(), "conv2", nn::Conv2d({.in = 3, .out = 9, .kernel = 3}), "act2",
                       nn::ReLU(), "pool2", nn::MaxPool2d());
    draw(net, 3);
    const Tensor x = pattern({4, 2, side, side}).set_requires_grad(true);
    const auto run = [&] {
      const Tensor y = net(x);
      ops::sum(y * y).backward();
      std::vector<std::vector<real>> numbers = {y.to_vector(), x.grad().to_vector()};
      x.grad().fill(0);
      for (const auto& one : net.named_parameters()) {
        numbers.push_back(one.parameter->value.grad().to_vector());
        one.parameter->value.zero_grad();
      }
      return numbers;
    };
    const auto fused = run();
    int seen = 0;
    const nn::Observer observer([&](nn::Module&, const Tensor&) { ++seen; });
    CHECK(fused == run());
    CHECK(seen == 7);
  }
}

TEST_CASE("observer: sees every layer's output in order, on its thread only while it lives") {
  auto inner = std::make_shared<nn::Sequential>("fc", nn::Linear(4, 4), "act", nn::ReLU());
  nn::Sequential model("first", nn::Linear(6, 4));
  model.add("inner", inner).add("last", nn::Linear(4, 2));
  draw(model);
  std::vector<std::string> seen;
  Tensor last;
  {
    CHECK_FALSE(nn::Observer::active());
    const nn::Observer observer([&](nn::Module& layer, const Tensor& y) {
      seen.push_back(layer.kind() + y.shape().to_string());
      last = y;
    });
    CHECK(nn::Observer::active());
    const Tensor y = model(pattern({3, 6}));
    CHECK(y.same_as(last));
  }
  CHECK(seen == std::vector<std::string>{"Linear[3, 4]", "Linear[3, 4]", "ReLU[3, 4]", "Sequential[3, 4]",
                                         "Linear[3, 2]", "Sequential[3, 2]"});
  CHECK_FALSE(nn::Observer::active());
  model(pattern({3, 6}));
  CHECK(seen.size() == 6);
}

TEST_CASE("observer: the outer one is back when the inner one ends") {
  nn::Sequential model("fc", nn::Linear(2, 2));
  draw(model);
  int outer = 0, inner = 0;
  const nn::Observer first([&](nn::Module&, const Tensor&) { ++outer; });
  {
    const nn::Observer second([&](nn::Module&, const Tensor&) { ++inner; });
    model(pattern({1, 2}));
  }
  model(pattern({1, 2}));
  CHECK(inner == 2);
  CHECK(outer == 2);
}

TEST_CASE("train and eval: reach every layer, and batch norm and dropout heed them") {
  const auto model = models::build("resnet_small(width=2)", {});
  for (const auto& one : model->named_modules()) CHECK(one.module->training());
  model->eval();
  for (const auto& one : model->named_modules()) CHECK_FALSE(one.module->training());
  model->train();
  for (const auto& one : model->named_modules()) CHECK(one.module->training());

  nn::BatchNorm1d norm({.features = 2});
  draw(norm);
  const Tensor x = Tensor::from({1, 10, 3, 20}, {2, 2});
  CHECK(norm(x).data()[0] == doctest::Approx(-1).epsilon(1e-4));
  CHECK(norm.running_mean.data()[0] == doctest::Approx(0.2));
  CHECK(norm.running_mean.data()[1] == doctest::Approx(1.5));
  CHECK(norm.running_var.data()[0] == doctest::Approx(1.1));  // 0.9 · 1 + 0.1 · 2, the unbiased variance
  norm.eval();
  const auto before = norm.running_mean.to_vector();
  CHECK(norm(x).data()[0] == doctest::Approx((1 - 0.2) / std::sqrt(1.1 + 1e-5)));
  CHECK(norm.running_mean.to_vector() == before);

  nn::Dropout drop(0.5, 1);
  const Tensor ones = Tensor::ones({1, 1000});
  const auto dropped = drop(ones).to_vector();
  const auto zeros = std::count(dropped.begin(), dropped.end(), real(0));
  CHECK(zeros > 400);
  CHECK(zeros < 600);
  CHECK(std::count(dropped.begin(), dropped.end(), real(2)) == 1000 - zeros);
  drop.eval();
  CHECK(drop(ones).to_vector() == ones.to_vector());
}

TEST_CASE("reseed: equal seeds give dropout equal masks, each layer its own") {
  nn::Sequential model("a", nn::Dropout(0.5), "b", nn::Dropout(0.5));
  const auto masks = [&](std::uint64_t seed) {
    model.reseed(seed);
    return model(Tensor::ones({1, 200})).to_vector();
  };
  const auto first = masks(1);
  CHECK(masks(1) == first);
  CHECK(masks(2) != first);
  CHECK(std::count(first.begin(), first.end(), real(4)) < 80);  // one mask twice would leave half, 100
}

TEST_CASE("residual: adds the shortcut to the body, then activates") {
  auto body = std::make_shared<nn::Sequential>("fc1", nn::Linear(3, 3));
  auto shortcut = std::make_shared<nn::Linear>(3, 3);
  const Tensor x = pattern({4, 3});
  nn::Residual plain({.body = body});
  draw(plain, 1);
  const Tensor of_body = (*body)(x);
  const Tensor sum = plain(x);
  for (Index i = 0; i < sum.numel(); ++i) CHECK(sum.data()[i] == of_body.data()[i] + x.data()[i]);
  CHECK(state_names(plain) == std::vector<std::string>{"fc1.weight", "fc1.bias"});

  nn::Residual full(
      {.body = body, .body_name = "body", .shortcut = shortcut, .activation = nn::activation_named("relu")});
  draw(full, 2);
  const Tensor of_shortcut = (*shortcut)(x);
  const Tensor y = full(x);
  for (Index i = 0; i < y.numel(); ++i)
    CHECK(y.data()[i] == std::max(real(0), of_body.data()[i] + of_shortcut.data()[i]));
  CHECK(state_names(full) ==
        std::vector<std::string>{"body.fc1.weight", "body.fc1.bias", "shortcut.weight", "shortcut.bias"});
  CHECK_THROWS_AS(nn::Residual(nn::ResidualOptions{}), Error);
  CHECK_THROWS_AS(nn::Residual({.body = std::make_shared<nn::Linear>(3, 3)}), Error);
}

TEST_CASE("residual: a body that is one layer keeps its mode, its stream and its statistics, under a name") {
  CHECK_THROWS_AS(nn::Residual({.body = std::make_shared<nn::Dropout>(0.5)}), Error);
  CHECK_THROWS_AS(nn::Residual({.body = std::make_shared<nn::BatchNorm1d>(
                                    nn::BatchNormOptions{.features = 3, .affine = false})}),
                  Error);
  nn::Residual block({.body = std::make_shared<nn::Dropout>(0.5), .body_name = "drop"});
  block.eval();
  CHECK(block(Tensor::ones({1, 50})).to_vector() == std::vector<real>(50, 2));
  CHECK(block.named_generators().size() == 1);
}

TEST_CASE("layers: bad options are errors that name the layer and the value") {
  CHECK_THROWS_WITH_AS(nn::Linear(0, 3), doctest::Contains("in=0"), Error);
  CHECK_THROWS_WITH_AS(nn::Linear(3, -1), doctest::Contains("out=-1"), Error);
  CHECK_THROWS_WITH_AS(nn::Conv2d({.in = 0, .out = 1, .kernel = 3}), doctest::Contains("Conv2d"), Error);
  CHECK_THROWS_WITH_AS(nn::Conv2d({.in = 3, .out = 4, .kernel = 3, .groups = 2}), doctest::Contains("groups"),
                       Error);
  CHECK_THROWS_AS(nn::Conv2d({.in = 4, .out = 3, .kernel = 3, .groups = 2}), Error);
  CHECK_THROWS_AS(nn::Conv2d({.in = 4, .out = 4, .kernel = 3, .groups = 0}), Error);
  CHECK_THROWS_AS(nn::Conv2d({.in = 1, .out = 1, .kernel = 0}), Error);
  CHECK_THROWS_AS(nn::Conv2d({.in = 1, .out = 1, .kernel = 3, .stride = 0}), Error);
  CHECK_THROWS_AS(nn::Conv2d({.in = 1, .out = 1, .kernel = 3, .padding = -1}), Error);
  CHECK_THROWS_AS(nn::Conv2d({.in = 1, .out = 1, .kernel = 3, .dilation = 0}), Error);
  CHECK_THROWS_AS(nn::ConvTranspose2d({.in = 1, .out = 1, .kernel = 3, .output_padding = 1}), Error);
  CHECK_THROWS_AS(nn::ConvTranspose2d({.in = 3, .out = 2, .kernel = 3, .groups = 2}), Error);
  CHECK_THROWS_AS(nn::BatchNorm2d({.features = 0}), Error);
  CHECK_THROWS_AS(nn::LayerNorm({.features = -3}), Error);
  CHECK_THROWS_WITH_AS(nn::GroupNorm({.groups = 4, .channels = 6}), doctest::Contains("groups=4"), Error);
  CHECK_THROWS_AS(nn::GroupNorm({.groups = 0, .channels = 6}), Error);
  CHECK_THROWS_AS(nn::Embedding({.count = 0, .dimension = 3}), Error);
  CHECK_THROWS_AS(nn::PReLU({.parameters = 0}), Error);
  CHECK_THROWS_WITH_AS(nn::Dropout(1.0), doctest::Contains("[0, 1)"), Error);
  CHECK_THROWS_AS(nn::Dropout(-0.1), Error);
  CHECK_THROWS_AS(nn::Dropout(std::nan("")), Error);
  CHECK_THROWS_AS(nn::Linear(Index{1} << 40, Index{1} << 40), Error);
  CHECK_THROWS_WITH_AS(nn::activation_named("rellu"), doctest::Contains("'relu'"), Error);
  for (const char* text : {"relu", "sine", "sine(omega=5)", "leaky_relu(negative_slope=0.2)", "softplus"}) {
    CHECK(nn::activation_name(nn::activation_named(text)) == text);
  }
  CHECK(nn::activation_named("sine") == nn::Sine().activation());
  CHECK_THROWS_WITH_AS(nn::activation_named("sine(omega=0)"),
                       doctest::Contains("number > 0, at character 12"), Error);
  CHECK_THROWS_WITH_AS(nn::activation_named("relu(omega=2)"), doctest::Contains("omega"), Error);
}

TEST_CASE("layers: an input that does not fit is an error, not a crash") {
  nn::Embedding table({.count = 4, .dimension = 2});
  nn::BatchNorm2d norm({.features = 3});
  nn::MaxPool2d pool({.kernel = 0});
  nn::Linear linear(3, 2);
  for (nn::Module* layer : std::initializer_list<nn::Module*>{&table, &norm, &linear}) draw(*layer);
  CHECK_THROWS_AS(table(Tensor::from({0, 4}, {2})), Error);
  CHECK_THROWS_AS(table(Tensor::from({-1}, {1})), Error);
  CHECK_THROWS_AS(table(Tensor::from({real(0.5)}, {1})), Error);
  CHECK_THROWS_AS(table(Tensor::from({std::nanf("")}, {1})), Error);
  CHECK(table(Tensor::from({3, 0, 3}, {3})).shape() == Shape{3, 2});
  CHECK_THROWS_AS(norm(Tensor::ones({2, 3})), Error);
  CHECK_THROWS_AS(norm(Tensor::ones({2, 4, 2, 2})), Error);
  CHECK_THROWS_AS(pool(Tensor::ones({1, 1, 4, 4})), Error);
  CHECK_THROWS_WITH_AS(linear(Tensor::ones({2, 4})), doctest::Contains("[2, 4]"), Error);
  CHECK_THROWS_AS(linear(Tensor()), Error);
}
