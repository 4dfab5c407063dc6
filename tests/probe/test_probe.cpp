#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include <fanin/autograd/node.hpp>
#include <fanin/core/error.hpp>
#include <fanin/core/parallel.hpp>
#include <fanin/models.hpp>
#include <fanin/probe/probe.hpp>
#include <fanin/probe/probe_text.hpp>
#include <fanin/probe/units.hpp>
#include <fanin/start/initialize.hpp>

using namespace fanin;
using doctest::Approx;
using probe::Condition;

namespace {

constexpr models::InputSpec small = {.channels = 1, .height = 12, .width = 12, .classes = 10};

nn::ModulePtr model(const std::string& text, const std::string& plan, std::uint64_t seed = 0) {
  const auto made = models::build(text, small);
  Generator generator(seed);
  start::initialize(*made, plan, generator);
  return made;
}

struct Data {
  Tensor images{Shape{96, 1, 12, 12}};
  std::vector<std::int32_t> labels = std::vector<std::int32_t>(96);
  Data() {
    Generator generator(7);
    generator.normal(images.values(), 0, 1);
    for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::int32_t>(i % 10);
  }
};

const Data& samples() {
  static const Data made;
  return made;
}

probe::Probe probed(nn::Module& module) { return probe::probe(module, samples().images, samples().labels); }

probe::Diagnosis verdict(const std::string& text, const std::string& plan, std::uint64_t seed = 0) {
  const auto made = model(text, plan, seed);
  return probe::diagnose(probed(*made));
}

const std::string deep_tanh = "plain_net(depth=12, width=64, activation=tanh)",
                  deep_relu = "plain_net(depth=12, width=64, activation=relu)";

}  // namespace

TEST_CASE("probe: constant weights are symmetric from the first layer on") {
  for (const char* text :
       {"mlp(hidden=24-16)", "conv_net(channels=4-8, hidden=16)", "plain_net(depth=5, width=33)"}) {
    for (const char* plan : {"zeros", "constant(0.02)"}) {
      const auto seen = verdict(text, plan);
      CAPTURE(seen.to_string());
      CHECK(seen.condition == Condition::symmetric);
      CHECK((seen.layer == "fc1" || seen.layer == "conv1"));
    }
  }
  CHECK(verdict("mlp(hidden=24-16)", "kaiming_normal; fc3.weight=zeros").sound());  // parts at the first step
}

TEST_CASE(
    "probe: small weights vanish, large ones explode or saturate, He's and orthogonal ones do neither") {
  CHECK(verdict(deep_tanh, "normal(std=0.01)").condition == Condition::vanishes);
  CHECK(verdict(deep_relu, "normal(std=0.01)").condition == Condition::vanishes);
  CHECK(verdict(deep_relu, "normal(std=1)").condition == Condition::explodes);
  const auto large = verdict(deep_tanh, "normal(std=1)").condition;
  CHECK((large == Condition::explodes || large == Condition::saturated));
  CHECK(verdict(deep_relu, "normal(std=1e30)").condition == Condition::explodes);
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    CHECK(verdict(deep_relu, "kaiming_normal", seed).to_string() == "sound");
    CHECK(verdict(deep_tanh, "orthogonal", seed).to_string() == "sound");
  }
}

TEST_CASE(
    "probe: deep and narrow, Gaussian weights stretch the input unevenly where orthogonal ones do not") {
  const std::string deep = "plain_net(depth=40, width=32, activation=tanh)";
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    CHECK(verdict(deep, "xavier_normal", seed).to_string() == "ill conditioned");
    CHECK(verdict(deep, "orthogonal", seed).to_string() == "sound");
  }
}

TEST_CASE("probe: branches and heads that begin at zero are no fault; what they hide is seen all the same") {
  for (const char* text :
       {"resnet_small(width=4, batch_norm=false)", "resnet_small(width=4, blocks=2, batch_norm=false)"}) {
    CHECK(verdict(text, "fixup").to_string() == "sound");
    CHECK(verdict(text, "fixup(base=zeros)").condition == Condition::symmetric);
  }
  CHECK(verdict("resnet_small(width=4, batch_norm=false, branch_scale=true)", "rezero").to_string() ==
        "sound");
  const auto made =
      model("plain_net(depth=12, width=64, activation=relu)", "normal(std=0.01); out.weight=zeros");
  const auto seen = probed(*made);
  CHECK(seen.layers.front().gradient > 0);  // behind a head of zeros it would be 0 exactly
  CHECK(seen.layers.front().gradient < 1e-3 * seen.layers.back().gradient);
  CHECK(probe::diagnose(seen).condition == Condition::vanishes);
  CHECK(seen.loss == Approx(std::log(10)));
  CHECK(made->parameter("out.weight")->value.to_vector() == std::vector<real>(640, 0));
}

TEST_CASE("probe: biases far below zero leave every ReLU dead") {
  const auto seen = verdict("mlp(hidden=64-64)", "kaiming_normal; fc2.bias=constant(-100)");
  CHECK(seen.to_string() == "dead at fc2");
  CHECK_FALSE(seen.reason.empty());
}

TEST_CASE("probe: the Jacobian is that of finite differences") {
  const auto made = model("mlp(hidden=20, activation=tanh)", "xavier_normal");
  const auto all = probe::jacobians(*made, samples().images, {.jacobian_samples = 2});
  REQUIRE(all.size() == 2);
  REQUIRE(all[0].size() == 10 * 144);
  const NoGrad guard;
  double worst = 0;
  for (Index n = 0; n < 2; ++n) {
    for (const Index pixel : {Index{0}, Index{31}, Index{143}}) {
      Tensor up = samples().images.clone(), down = samples().images.clone();
      up.data()[n * 144 + pixel] += real(0.01);
      down.data()[n * 144 + pixel] -= real(0.01);
      const Tensor high = (*made)(up), low = (*made)(down);
      for (Index k = 0; k < 10; ++k) {
        const double difference =
            static_cast<double>(high.data()[n * 10 + k] - low.data()[n * 10 + k]) / 0.02;
        worst = std::max(
            worst, std::abs(difference -
                            all[static_cast<std::size_t>(n)][static_cast<std::size_t>(k * 144 + pixel)]));
      }
    }
  }
  CHECK(worst < 1e-3);
}

TEST_CASE("probe: the Jacobian's singular values of a linear net are those of its matrix") {
  const auto made = model("mlp(hidden=0)", "orthogonal(gain=3)");
  for (const double value : probed(*made).jacobian) CHECK(value == Approx(3).epsilon(1e-4));
}

TEST_CASE(
    "probe: leaves weights, statistics, mode and generators as they were, and repeats its bits for any "
    "thread count") {
  const auto made = model("resnet_small(width=4)", "default");
  made->eval();
  std::vector<std::vector<real>> before;
  for (const auto& [name, tensor] : made->state_dict()) before.push_back(tensor.to_vector());
  const probe::Probe one = probed(*made);
  set_threads(2);
  const probe::Probe two = probed(*made);
  set_threads(1);
  CHECK(probe::probe_json("", {{.probe = one}}, {}) == probe::probe_json("", {{.probe = two}}, {}));
  std::size_t i = 0;
  for (const auto& [name, tensor] : made->state_dict()) CHECK(tensor.to_vector() == before[i++]);
  CHECK_FALSE(made->training());
  for (const auto& parameter : made->named_parameters()) {
    CHECK_FALSE(parameter.parameter->value.grad().defined());
    CHECK(parameter.parameter->value.requires_grad());
  }
}

TEST_CASE("probe: units of a constructed layer") {
  // Four units over three samples: 0 and 2 alike, 1 silent, 3 alone.
  const Tensor output = Tensor::from({1, 0, 1, 5, 2, 0, 2, 1, 3, 0, 3, 1}, {3, 4});
  const Tensor gradient = Tensor::from({1, 1, 1, 1, 2, 2, 2, 3, 4, 4, 4, 4}, {3, 4});
  CHECK(probe::dead_share(output) == 0.25);
  CHECK(probe::twin_share(output, gradient) == 0.5);
  Tensor apart = gradient.clone();
  apart.data()[0] = 7;  // the same output, but unit 0 will be taught otherwise
  CHECK(probe::twin_share(output, apart) == 0);
  CHECK(probe::signal_std(Tensor::from({1, 4, 1, 8}, {2, 2})) == Approx(std::sqrt(2.0)));
  const Tensor flat = Tensor::from({-1, real(0.98), 0, real(0.5)}, {1, 4});
  CHECK(probe::saturated_share(flat, {kernels::Activation::Kind::tanh, 0}) == 0.5);
  CHECK(probe::saturated_share(flat, {kernels::Activation::Kind::relu, 0}) == 0);
}

TEST_CASE("probe: a batch without samples or weights without values are refused") {
  const auto made = model("mlp(hidden=8)", "default");
  CHECK_THROWS_AS(probe::probe(*made, Tensor(Shape{0, 1, 12, 12}), {}), Error);
  CHECK_THROWS_AS(probe::probe(*made, Tensor(), {}), Error);
  CHECK_THROWS_AS(probed(*models::build("mlp(hidden=8)", small)), Error);
}
