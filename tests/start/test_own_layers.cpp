// What strangers' layers do that the models here do not: activations written out of elementary ops, layers that run
// twice, tied and transposed weights, products with a matrix, tables, sequences. Theory is right there or says that it
// measured, and what is fitted to a batch holds.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <cmath>
#include <functional>
#include <limits>

#include <fanin/core/moments.hpp>
#include <fanin/nn/activation.hpp>
#include <fanin/nn/conv2d.hpp>
#include <fanin/nn/linear.hpp>
#include <fanin/nn/norm.hpp>
#include <fanin/nn/own_layer.hpp>
#include <fanin/nn/sequential.hpp>
#include <fanin/nn/simple_layers.hpp>
#include <fanin/ops/ops.hpp>
#include <fanin/start/data_dependent.hpp>
#include <fanin/start/forecast.hpp>
#include <fanin/start/initialize.hpp>

#include "tests/message.hpp"

using namespace fanin;

namespace {

Tensor noise(const Shape& shape, std::uint64_t seed = 1) {
  Tensor x(shape);
  Generator generator(seed);
  generator.normal(x.values(), 0, 1);
  return x;
}

std::vector<start::Drawn> fitted(nn::Module& net, const std::string& plan, const Tensor& x) {
  std::vector<std::int32_t> labels;
  for (Index i = 0; i < x.size(0); ++i) labels.push_back(static_cast<std::int32_t>(i % 3));
  Generator generator(1);
  auto drawn = start::initialize(net, plan, generator, x, labels);
  net.train();
  return drawn;
}

/// How far theory is from the mean over draws, as |ln(measured / predicted)|, at the worst op; and whether theory rests
/// on a measurement anywhere.
struct Compared {
  double worst = 0;
  bool measured = false;
};

Compared compared(nn::Module& net, const Tensor& x, int draws = 12) {
  std::vector<double> predicted, shown;
  Compared all;
  Shape few = x.shape();
  few.set(0, 2);
  for (int draw = 0; draw < draws; ++draw) {
    Generator generator(static_cast<std::uint64_t>(draw));
    start::forget(net);
    start::initialize(net, "kaiming_normal", generator);
    const auto ops = start::forecast(net, x, start::white_noise(few));
    predicted.resize(ops.size()), shown.resize(ops.size());
    for (std::size_t i = 0; i < ops.size(); ++i) {
      predicted[i] += ops[i].predicted, shown[i] += ops[i].measured;
      all.measured = all.measured || !ops[i].by_rule;
    }
  }
  for (std::size_t i = 0; i < shown.size(); ++i)
    all.worst = std::max(all.worst, std::abs(std::log(shown[i] / predicted[i])));
  return all;
}

using Function = std::function<Tensor(const Tensor&)>;

/// A function between two layers.
struct Between : nn::OwnLayer<Between> {
  explicit Between(Function f) : function(std::move(f)) {}
  Function function;
  nn::Child<nn::Linear> before = child("before", nn::Linear(200, 200)),
                        behind = child("behind", nn::Linear(200, 200));
  Tensor forward(const Tensor& x) override { return behind(function(before(x))); }
};

/// One layer, run as the function says.
struct Again : nn::OwnLayer<Again> {
  using Run = std::function<Tensor(const Tensor& h, nn::Linear& layer)>;
  explicit Again(Run r) : run(std::move(r)) {}
  Run run;
  nn::Child<nn::Linear> first = child("first", nn::Linear(200, 200)),
                        layer = child("layer", nn::Linear(200, 200));
  Tensor forward(const Tensor& x) override { return run(first(x), *layer); }
};

/// What is coded by a weight is decoded by its transpose.
struct Tied : nn::OwnLayer<Tied> {
  explicit Tied(bool p) : product(p) {}
  bool product;
  nn::Child<nn::Linear> code = child("code", nn::Linear(200, 100));
  Tensor forward(const Tensor& x) override {
    const Tensor h = ops::relu(code(x)), weight = code->weight->use();
    return product ? ops::matmul(h, weight) : ops::linear(h, ops::transpose(weight, 0, 1), Tensor());
  }
};

/// Adds a row for each place.
struct Places : nn::OwnLayer<Places> {
  nn::ParameterRef weight =
      add_parameter("weight", {5, 64}, init::normal({.std = 0.5}), {.in = 64, .out = 5});
  Tensor forward(const Tensor& x) override { return x + weight->use(); }
};

/// Where a matrix multiplies from the right.
struct Product : nn::OwnLayer<Product> {
  nn::ParameterRef weight =
      add_parameter("weight", {64, 150}, init::kaiming_normal(), {.in = 64, .out = 150});
  nn::Child<Places> places = child("places", Places());
  nn::Child<nn::Linear> head = child("head", nn::Linear(150, 3));
  Tensor forward(const Tensor& x) override {
    return head(ops::mean(ops::relu(ops::matmul(places(x), weight->use())), 1));
  }
};

struct Attention : nn::OwnLayer<Attention> {
  nn::Child<nn::Linear> query = child("query", nn::Linear(64, 64)), key = child("key", nn::Linear(64, 64)),
                        value = child("value", nn::Linear(64, 64)), out = child("out", nn::Linear(64, 64)),
                        head = child("head", nn::Linear(64, 32));
  Tensor forward(const Tensor& x) override {
    const Tensor scores = ops::softmax(ops::matmul(query(x), ops::transpose(key(x), 1, 2)) / 8.0);
    return head(ops::mean(out(ops::matmul(scores, value(x))), 1));
  }
};

struct Table : nn::OwnLayer<Table> {
  nn::Child<nn::Embedding> table = child("table", nn::Embedding(7, 16));
  nn::Child<nn::Linear> head = child("head", nn::Linear(16, 3));
  Tensor forward(const Tensor& x) override { return head(ops::tanh(table(x))); }
};

/// Worst |mean| and |deviation - 1| of the channels that lie in the dimension.
std::pair<double, double> off(const Tensor& output, int dimension) {
  std::pair<double, double> worst{0, 0};
  for (Index c = 0; c < output.size(dimension); ++c) {
    const auto [mean, std] = moments(ops::slice(output, dimension, c, c + 1).to_vector());
    worst = {std::max(worst.first, std::abs(mean)), std::max(worst.second, std::abs(std - 1))};
  }
  return worst;
}

}  // namespace

TEST_CASE("own layers: a function of several elementwise ops is one function of what a layer gives") {
  const std::pair<std::string, Function> functions[] = {
      {"relu twice", [](const Tensor& x) { return ops::relu(ops::relu(x)); }},
      {"tanh of relu", [](const Tensor& x) { return ops::tanh(ops::relu(x)); }},
      {"squared relu", [](const Tensor& x) { return ops::pow(ops::relu(x), 2); }},
      {"product with itself",
       [](const Tensor& x) {
         const Tensor r = ops::relu(x);
         return r * r;
       }},
      {"quick gelu", [](const Tensor& x) { return x * ops::sigmoid(x * 1.702); }},
      {"softplus", [](const Tensor& x) { return ops::log(ops::exp(x) + 1.0); }},
      {"softsign", [](const Tensor& x) { return x / (ops::abs(x) + 1.0); }},
      {"gaussian", [](const Tensor& x) { return ops::exp(x * x * -1.0); }},
      {"root", [](const Tensor& x) { return ops::sqrt(x * x + 1.0); }},
      {"hard swish", [](const Tensor& x) { return ops::clamp(x + 3.0, 0, 6) * x / 6.0; }},
      {"with a number first", [](const Tensor& x) { return 1.0 / (2.0 + ops::exp(-0.5 * x)); }},
      {"residual", [](const Tensor& x) { return ops::relu(x + ops::tanh(x)) - x; }},
  };
  for (const auto& entry : functions) {
    CAPTURE(entry.first);
    Between net(entry.second);
    const Compared all = compared(net, noise({64, 200}));
    CHECK_FALSE(all.measured);
    CHECK(all.worst < 0.06);
  }
  // A long chain whose every sum reads its last one twice takes no longer for it; too large for floats, it is measured.
  Between chain([](Tensor x) {
    for (int i = 0; i < 40; ++i) x = (x + ops::relu(x)) * 0.7;
    return x;
  });
  CHECK(compared(chain, noise({8, 200}), 1).worst < 0.4);
  Between infinite([](const Tensor& x) { return ops::clamp(ops::exp(ops::exp(ops::exp(x))), 0, 10); });
  Between logarithm([](const Tensor& x) { return ops::log(ops::softmax(x) + x * 0.0); });
  for (Between* net : {&infinite, &logarithm}) {
    const Compared all = compared(*net, noise({64, 200}), 2);
    CHECK(std::isfinite(all.worst));
  }
}

TEST_CASE("own layers: a layer that runs again gives what is correlated with its first output") {
  const std::pair<std::string, Again::Run> runs[] = {
      {"the same twice", [](const Tensor& h, nn::Linear& layer) { return layer(h) + layer(h); }},
      {"a difference",
       [](const Tensor& h, nn::Linear& layer) { return layer(ops::relu(h)) - layer(ops::tanh(h)); }},
      {"recurrent",
       [](Tensor h, nn::Linear& layer) {
         for (int i = 0; i < 5; ++i) h = ops::tanh(layer(h));
         return h;
       }},
      {"residual and recurrent",
       [](Tensor h, nn::Linear& layer) {
         for (int i = 0; i < 5; ++i) h = h + layer(ops::relu(h));
         return h;
       }},
  };
  for (const auto& entry : runs) {
    CAPTURE(entry.first);
    Again net(entry.second);
    const Compared all = compared(net, noise({64, 200}));
    CHECK_FALSE(all.measured);
    CHECK(all.worst < 0.08);
  }
  Again deep([](Tensor h, nn::Linear& layer) {
    for (int i = 0; i < 25; ++i) h = h + layer(ops::tanh(h)) * 0.1;
    return h;
  });
  CHECK(compared(deep, noise({64, 200}), 2).worst < 0.2);
}

TEST_CASE("own layers: a weight beside its transpose is measured; scales follow it through views") {
  for (const bool product : {false, true}) {
    CAPTURE(product);
    Tied net(product);
    const Compared all = compared(net, noise({64, 200}));
    CHECK(all.measured);
    CHECK(all.worst < 0.12);  // of two samples
    start::forget(net);
    const auto notes = start::notes_of(fitted(net, "analytic", noise({64, 200})));
    CHECK(notes.empty());
  }
}

TEST_CASE("own layers: analytic and empirical scale matrices of products, no table that is added") {
  const Tensor x = noise({64, 5, 64});
  for (const char* scheme : {"analytic", "empirical"}) {
    CAPTURE(scheme);
    Product net;
    const auto notes = start::notes_of(fitted(net, scheme, x));
    REQUIRE(notes.size() == 1);
    CHECK(holds(notes[0], "places.weight"));
    CHECK(holds(notes[0], "no op of the graph multiplies by it"));
    const auto ops = start::forecast(net, x, start::white_noise({2, 5, 64}));
    bool seen = false;
    for (const auto& op : ops) {
      if (op.kind != "relu") continue;
      seen = true;
      CHECK(op.measured == doctest::Approx(1).epsilon(0.1));
      CHECK(op.predicted == doctest::Approx(1).epsilon(0.1));
    }
    CHECK(seen);
  }
}

TEST_CASE("own layers: analytic knows what a softmax gave after the layers before it were scaled") {
  for (const char* plan : {"analytic", "analytic(base=normal(std=1))"}) {
    CAPTURE(plan);
    Attention net;
    const Tensor x = noise({64, 10, 64});
    fitted(net, plan, x);
    for (const auto& op : start::forecast(net, x, start::white_noise({2, 10, 64}))) {
      CAPTURE(op.kind);
      CAPTURE(op.weight);
      if (op.target) CHECK(std::abs(std::log(op.measured / *op.target)) < 0.5);
    }
  }
}

TEST_CASE("own layers: channels of sequences, tables and transposed convolutions") {
  SUBCASE("sequences, also those as long as there are channels") {
    for (const Index length : {5, 16}) {
      CAPTURE(length);
      nn::Sequential net("fc", nn::Linear(8, 16), "relu", nn::ReLU(), "head", nn::Linear(16, 3));
      const Tensor x = noise({32, length, 8}) + 0.7;
      fitted(net, "lsuv(center=true)", x);
      CHECK(off(net.until("fc").predict(x), 2).first < 1e-4);
      CHECK(off(net.until("head").predict(x), 2).first < 1e-4);
      start::forget(net);
      fitted(net, "krahenbuhl(between=false)", x);
      CHECK(off(net.until("fc").predict(x), 2).second < 1e-3);
      CHECK(off(net.until("head").predict(x), 2).second < 1e-3);
    }
  }
  SUBCASE("transposed convolutions, grouped and as many inputs as outputs") {
    for (const Index groups : {1, 2}) {
      for (const Index out : {4, 6}) {
        CAPTURE(groups);
        CAPTURE(out);
        nn::Sequential net(
            "up", nn::ConvTranspose2d({.in = 4, .out = out, .kernel = 2, .stride = 2, .groups = groups}));
        const Tensor x = noise({16, 4, 5, 5}) + 0.3;
        fitted(net, "krahenbuhl", x);
        const auto [mean, deviation] = off(net.predict(x), 1);
        CHECK(mean < 1e-4);
        CHECK(deviation < 1e-3);
      }
    }
  }
  SUBCASE("a table, on indices") {
    Tensor indices({21});
    for (Index i = 0; i < 21; ++i) indices.data()[i] = static_cast<real>(i % 7);
    for (const char* plan :
         {"lsuv", "krahenbuhl", "empirical", "analytic", "metainit", "gradinit(steps=2)"}) {
      CAPTURE(plan);
      Table net;
      CHECK(start::notes_of(fitted(net, plan, indices)).empty());
      if (std::string(plan) == "krahenbuhl") CHECK(off(net.table->predict(indices), 1).second < 1e-3);
      if (std::string(plan) == "lsuv")
        CHECK(moments(net.table->predict(indices).values()).std == doctest::Approx(1).epsilon(0.01));
    }
  }
  SUBCASE("a layer that gives out what is no channel for each bias is refused") {
    struct Half : nn::OwnLayer<Half> {
      nn::ParameterRef weight = add_parameter("weight", {8, 4}, init::kaiming_normal(), {.in = 4, .out = 8}),
                       bias = add_parameter("bias", {8}, init::zeros(), {.in = 4, .out = 8});
      Tensor forward(const Tensor& x) override {
        return ops::slice(ops::linear(x, weight->use(), bias->use()), 1, 0, 3);
      }
    };
    for (const char* plan : {"lsuv(center=true)", "krahenbuhl"}) {
      Half net;
      CHECK(holds(message([&] { fitted(net, plan, noise({9, 4})); }), "its layer gives out [9, 3]"));
    }
  }
}

TEST_CASE("own layers: frozen layers start as those that train, and stay frozen") {
  const Tensor x = noise({12, 8});
  for (const char* plan : {"lsuv", "krahenbuhl", "empirical", "analytic", "metainit", "gradinit(steps=3)"}) {
    CAPTURE(plan);
    std::vector<std::vector<real>> born;
    for (const char* frozen : {"", "fc.weight", "fc.weight head.weight"}) {
      nn::Sequential net("fc", nn::Linear(8, 16), "relu", nn::ReLU(), "head", nn::Linear(16, 3));
      const auto is_frozen = [&](const std::string& name) { return holds(frozen, name); };
      for (auto& one : net.named_parameters())
        if (is_frozen(one.name)) one.parameter->value.set_requires_grad(false);
      fitted(net, plan, x);
      born.push_back(net.parameter("fc.weight")->value.to_vector());
      for (auto& one : net.named_parameters())
        CHECK(one.parameter->value.requires_grad() != is_frozen(one.name));
    }
    CHECK(born[0] == born[1]);
    CHECK(born[0] == born[2]);
  }
}

TEST_CASE("own layers: metainit says that gradients are no numbers") {
  for (const double odd : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    nn::Sequential net("fc", nn::Linear(4, 3));
    Tensor x = noise({6, 4});
    x.data()[5] = static_cast<real>(odd);
    const auto notes = start::notes_of(fitted(net, "metainit", x));
    REQUIRE(notes.size() == 1);
    CHECK(holds(notes[0], "not a finite number"));
  }
}
