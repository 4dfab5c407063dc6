// GradInit: it lowers the loss that a step of SGD leads to, keeps gradients short, and mends a start that is badly
// scaled.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <cmath>

#include <fanin/models.hpp>
#include <fanin/ops/loss.hpp>
#include <fanin/optim/optimizer.hpp>
#include <fanin/start/data_dependent.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/start/keep_state.hpp>
#include <fanin/start/refine.hpp>

#include "tests/message.hpp"

using namespace fanin;

namespace {

constexpr Index samples = 64;

/// Four classes, each around a pattern of its own.
Tensor images(std::uint64_t seed) {
  Tensor patterns(Shape{4, 64}), x(Shape{samples, 1, 8, 8});
  Generator of_patterns(99), generator(seed);
  of_patterns.normal(patterns.values(), 0, 1);
  generator.normal(x.values(), 0, 1);
  for (Index n = 0; n < samples; ++n)
    for (Index i = 0; i < 64; ++i) x.data()[n * 64 + i] += patterns.data()[(n % 4) * 64 + i];
  return x;
}

std::vector<std::int32_t> labels() {
  std::vector<std::int32_t> all;
  for (Index n = 0; n < samples; ++n) all.push_back(static_cast<std::int32_t>(n % 4));
  return all;
}

nn::ModulePtr born(const std::string& plan, std::uint64_t seed) {
  auto net =
      models::build("mlp(hidden=32-32-32-32-32-32)", {.channels = 1, .height = 8, .width = 8, .classes = 4});
  Generator generator(seed);
  start::initialize(*net, plan, generator, images(1), labels());
  return net;
}

start::LookAhead ahead(nn::Module& net) {
  std::vector<start::Fit> fits;
  for (auto& one : net.named_parameters())
    if (one.parameter->value.rank() >= 2)
      fits.push_back({one.name, one.parameter.get(), one.owner, *one.parameter->drawn_by});
  const auto all = labels();
  const start::KeepState keep(net);
  return start::look_ahead(net, fits, {.images = images(1), .labels = all}, 0.1);
}

/// The loss on other samples after a few steps of SGD.
double trained(nn::Module& net) {
  optim::Optimizer optimizer(net, {.lr = 0.1});
  for (std::uint64_t step = 0; step < 40; ++step) {
    const auto loss = ops::cross_entropy(net(images(10 + step)), labels());
    optimizer.step_from(loss);
  }
  const double loss = static_cast<double>(ops::cross_entropy(net(images(1000)), labels()).item());
  return std::isfinite(loss) ? loss : 1e9;
}

}  // namespace

TEST_CASE("gradinit: the loss that a step leads to falls, where the gradient's bound leaves room") {
  for (const std::uint64_t seed : {0u, 1u, 2u, 3u}) {
    CAPTURE(seed);
    const auto before = ahead(*born("kaiming_normal", seed)),
               after = ahead(*born("gradinit(gamma=1000)", seed));
    CHECK(after.loss < before.loss);
    const auto large = ahead(*born("normal(std=0.5)", seed)),
               mended = ahead(*born("gradinit(base=normal(std=0.5))", seed));
    CHECK(large.loss > 1e5);
    CHECK(mended.loss < std::log(4.0));
  }
}

TEST_CASE("gradinit: the gradient is about as long as asked, whatever it was") {
  for (const std::uint64_t seed : {0u, 1u, 2u, 3u}) {
    for (const char* base : {"kaiming_normal", "normal(std=0.5)"}) {
      CAPTURE(seed);
      CAPTURE(base);
      CHECK(ahead(*born(base, seed)).gradient_norm > 4);
      const double length = ahead(*born(fmt::format("gradinit(base={})", base), seed)).gradient_norm;
      CHECK(length > 0.2);
      CHECK(length < 2);
    }
  }
}

TEST_CASE("gradinit: a net whose weights are far too large trains") {
  for (const std::uint64_t seed : {0u, 1u, 2u, 3u, 4u}) {
    CAPTURE(seed);
    CHECK(trained(*born("normal(std=0.5)", seed)) > std::log(4.0));
    CHECK(trained(*born("gradinit(base=normal(std=0.5))", seed)) < 0.1);
  }
}

TEST_CASE("gradinit: as a text, and what it leaves as drawn") {
  const start::GradInitOptions options{.steps = 3, .lr = 0.5, .eta = 0.2, .gamma = 2, .base = "orthogonal"};
  CHECK(init::parse(start::gradinit(options).to_string()) == start::gradinit(options));
  CHECK(holds(message([] { init::parse("gradinit(steps=0)"); }), "steps"));
  // Weights that overflow have no slope.
  const auto net = born("gradinit(base=constant(1e30))", 0);
  for (const real w : net->parameter("fc1.weight")->value.values()) CHECK(w == real(1e30));
}
