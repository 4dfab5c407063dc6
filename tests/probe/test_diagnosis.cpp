// The measures behind a verdict where their value is known, and the verdicts of probes made by hand.
#include <doctest/doctest.h>

#include <cmath>

#include <fanin/core/error.hpp>
#include <fanin/core/moments.hpp>
#include <fanin/models.hpp>
#include <fanin/probe/diagnosis.hpp>
#include <fanin/probe/units.hpp>
#include <fanin/start/initialize.hpp>

using namespace fanin;
using doctest::Approx;
using probe::Condition;

namespace {

constexpr models::InputSpec small = {.channels = 1, .height = 4, .width = 4, .classes = 10};

/// A net of two hidden layers and logits with nothing wrong about it.
probe::Probe sound() {
  probe::LayerProbe layer = {
      .layer = "fc1", .std = 1, .signal = 0.8, .gradient = 0.1, .rank = 20, .pull = 0.1};
  probe::Probe probe{.loss = 2.3, .layers = {layer, layer, layer}, .jacobian = {2, 1, 0.5}};
  probe.layers[1].layer = "fc2";
  probe.layers[2].layer = "out";
  return probe;
}

std::string verdict(const probe::Probe& probe) { return probe::diagnose(probe).to_string(); }

}  // namespace

TEST_CASE(
    "diagnosis: N samples of equal norm and mean correlation c have a signal share of √((1 - c)(N - 1)/N)") {
  const auto share = [](const Tensor& outputs) {
    double sum = 0, squares = 0;
    for (const real v : outputs.values())
      sum += static_cast<double>(v), squares += static_cast<double>(v * v);
    const auto n = static_cast<double>(outputs.numel());
    const double mean = sum / n;
    return probe::signal_share(
        {.mean = mean, .std = std::sqrt(squares / n - mean * mean), .signal = probe::signal_std(outputs)});
  };
  CHECK(share(Tensor::from({1, 0, 0, 1}, {2, 2})) == Approx(std::sqrt(0.5)));                     // c = 0
  CHECK(share(Tensor::from({1, 0, 0, 0, 1, 0, 0, 0, 1}, {3, 3})) == Approx(std::sqrt(2.0 / 3)));  // c = 0
  CHECK(share(Tensor::from({3, 4, 4, 3}, {2, 2})) == Approx(std::sqrt((1 - 0.96) / 2)));          // c = 24/25
  CHECK(share(Tensor::from({1, 2, 1, 2}, {2, 2})) == Approx(0));                                  // c = 1
  CHECK(probe::signal_share({}) == 0);
}

TEST_CASE("diagnosis: the stretch spread is 1 for an isometry, and e^σ for singular values of that spread") {
  probe::Probe probe;
  CHECK(probe::stretch_spread(probe) == 1);
  probe.jacobian = {7, 7, 7};
  CHECK(probe::stretch_spread(probe) == Approx(1));
  probe.jacobian = {std::exp(2), std::exp(-2)};
  CHECK(probe::stretch_spread(probe) == Approx(std::exp(2)));
  probe.jacobian.push_back(1e-9);  // nothing passes there at all
  CHECK(probe::stretch_spread(probe) == Approx(std::exp(2)));
  probe.jacobian = {0, 0};
  CHECK(probe::stretch_spread(probe) == 1);
  probe.jacobian = {INFINITY, INFINITY};
  CHECK(probe::stretch_spread(probe) == 1);
}

TEST_CASE("diagnosis: the pull of a softmax regression from small weights is that of the class means") {
  const auto model = models::build("mlp(hidden=0)", small);
  Generator generator(1);
  start::initialize(*model, "normal(std=0.00001)", generator);
  Tensor images(Shape{20, 1, 4, 4});
  generator.normal(images.values(), 0, 1);
  std::vector<std::int32_t> labels;
  for (int i = 0; i < 20; ++i) labels.push_back(i % 10);
  double squares = 0;  // of ∇W = mean of (1/10 - [k = label]) x
  for (int k = 0; k < 10; ++k) {
    for (int i = 0; i < 16; ++i) {
      double sum = 0;
      for (int n = 0; n < 20; ++n)
        sum += (0.1 - (labels[static_cast<std::size_t>(n)] == k)) *
               static_cast<double>(images.data()[n * 16 + i]);
      squares += sum * sum / 400;
    }
  }
  const double weights = norm(model->parameter("fc1.weight")->value.values());
  const auto seen = probe::probe(*model, images, labels);
  REQUIRE(seen.layers.size() == 1);
  CHECK(seen.layers[0].pull == Approx(std::sqrt(squares) / weights).epsilon(1e-3));
  start::forget(*model);
  start::initialize(*model, "zeros", generator);
  // zero weights are no small ones: any step is a start
  CHECK(probe::probe(*model, images, labels).layers[0].pull == 0);
}

TEST_CASE("diagnosis: each sign gives its verdict, with the layer where it shows first") {
  CHECK(verdict(sound()) == "sound");
  CHECK(verdict({}) == "sound");
  const auto with = [](auto change) {
    probe::Probe probe = sound();
    change(probe);
    return verdict(probe);
  };
  CHECK(with([](auto& p) { p.layers[1].std = INFINITY; }) == "explodes at fc2");
  CHECK(with([](auto& p) { p.layers[1].twins = 1; }) == "symmetric at fc2");
  CHECK(with([](auto& p) { p.layers[0].dead = 1; }) == "dead at fc1");
  CHECK(with([](auto& p) { p.layers[1].saturated = 0.99; }) == "saturated at fc2");
  CHECK(with([](auto& p) { p.layers[1].signal = 0.001; }) == "vanishes at fc2");
  CHECK(with([](auto& p) { p.layers[0].gradient = 1e-6; }) == "vanishes at fc1");
  CHECK(with([](auto& p) { p.layers[0].gradient = 1e3; }) == "explodes at fc1");
  CHECK(with([](auto& p) { p.layers[2].std = 1000; }) == "explodes");
  CHECK(with([](auto& p) { p.jacobian = {1000, 10, 0.1}, p.layers[1].rank = 3; }) == "ill conditioned");
  CHECK(with([](auto& p) { p.jacobian = {1000, 10, 0.1}; }) == "sound");  // the samples stay apart
  CHECK(with([](auto& p) { p.layers[2].twins = p.layers[2].dead = 1; }) == "sound");  // the logits may
  CHECK_THROWS_AS(probe::measure(sound(), 0, "no such"), Error);
}

TEST_CASE("diagnosis: what an idle branch does is no fault, whatever it is, but for overflow") {
  probe::Probe probe = sound();
  auto& layer = probe.layers[1];
  layer.idle = true;
  layer.twins = layer.dead = 1;
  layer.signal = layer.gradient = 0;
  CHECK(verdict(probe) == "sound");
  layer.std = INFINITY;
  CHECK(verdict(probe) == "explodes at fc2");
}

TEST_CASE("diagnosis: outputs of every scale are equally good; what counts is how they differ") {
  probe::Probe probe = sound();
  for (auto& layer : probe.layers) layer.std *= 1e-4, layer.signal *= 1e-4;
  CHECK(verdict(probe) == "sound");
}

TEST_CASE(
    "diagnosis: imbalance is 0 for a net that passes everything on unchanged, and infinite where nothing "
    "passes") {
  probe::Probe probe = sound();
  probe.jacobian = {1, 1, 1};
  CHECK(probe::imbalance(probe) == Approx(0).scale(1));
  probe.layers[2].std = 0.01;  // half of |log10|
  CHECK(probe::imbalance(probe) == Approx(1));
  probe.layers[0].gradient = 0;
  CHECK(std::isinf(probe::imbalance(probe)));
  CHECK(std::isinf(probe::imbalance({})));
}
