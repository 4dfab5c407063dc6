#include <doctest/doctest.h>

#include <cmath>

#include <fanin/models.hpp>
#include <fanin/probe/correlation_map.hpp>
#include <fanin/probe/units.hpp>
#include <fanin/start/initialize.hpp>

using namespace fanin;
using doctest::Approx;

TEST_CASE("correlation: the mean cosine over pairs, without samples that are all zero") {
  CHECK(probe::mean_correlation(Tensor::from({1, 0, 0, 1}, {2, 2}), 64) == Approx(0));
  CHECK(probe::mean_correlation(Tensor::from({3, 4, 4, 3}, {2, 2}), 64) == Approx(0.96));
  CHECK(probe::mean_correlation(Tensor::from({1, 1, 2, 2, 5, 5}, {3, 2}), 64) == Approx(1));
  CHECK(probe::mean_correlation(Tensor::from({3, 4, 0, 0, 4, 3}, {3, 2}), 64) == Approx(0.96));
  CHECK(probe::mean_correlation(Tensor::from({3, 4, 4, 3, -9, 1}, {3, 2}), 2) == Approx(0.96));
  CHECK(probe::mean_correlation(Tensor::zeros({3, 2}), 64) == 1);
}

TEST_CASE("correlation map: limit and depth of a law that is known") {
  probe::Probe probe;
  double c = 0.2;
  for (int i = 0; i < 9; ++i) {
    probe.layers.push_back({.correlation = c});
    c = 0.9 + std::exp(-1 / 3.5) * (c - 0.9);
  }
  CHECK(probe::correlation_map(probe).limit == Approx(0.9));
  CHECK(probe::correlation_map(probe).depth == Approx(3.5));
  probe.layers[4].idle = true;
  probe.layers[4].correlation = -1;
  CHECK(probe::correlation_map(probe).depth != Approx(3.5));  // one is missing in the row, but none is off it
  probe.layers.resize(4);
  CHECK(std::isnan(probe::correlation_map(probe).limit));
}

TEST_CASE(
    "correlation map: in the ordered phase of tanh all samples become one, in the chaotic phase they do not") {
  Tensor images(Shape{64, 1, 12, 12});
  Generator generator(7);
  generator.normal(images.values(), 0, 1);
  const std::vector<std::int32_t> labels(64, 0);
  const auto limit = [&](const char* plan) {
    const auto model = models::build("plain_net(depth=16, width=200, activation=tanh)",
                                     {.channels = 1, .height = 12, .width = 12, .classes = 10});
    start::initialize(*model, plan, generator);
    return probe::correlation_map(probe::probe(*model, images, labels)).limit;
  };
  // σw² = 0.8 and 4, σb² = 0.09: mean field has c* = 1 and c* well below
  CHECK(
      limit(
          "*.weight=kaiming_normal(nonlinearity=linear); fc1.weight=normal(std=0.075); *.bias=normal(std=0.3)") >
      0.9);
  CHECK(limit("*.weight=normal(std=0.14); *.bias=normal(std=0.3)") < 0.7);
}
