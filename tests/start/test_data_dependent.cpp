// LSUV and Krähenbühl: what they promise holds on the batch, and nothing else of the model moves.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include <fanin/core/fail.hpp>
#include <fanin/core/moments.hpp>
#include <fanin/core/parallel.hpp>
#include <fanin/models.hpp>
#include <fanin/nn/activation.hpp>
#include <fanin/nn/observer.hpp>
#include <fanin/start/data_dependent.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/start/refine.hpp>

#include "tests/message.hpp"

using namespace fanin;

namespace {

constexpr Index samples = 32;

Tensor images() {
  Tensor x(Shape{samples, 1, 28, 28});
  Generator generator(3);
  generator.normal(x.values(), 0.3, 1);
  return x;
}

std::vector<std::int32_t> labels() {
  std::vector<std::int32_t> all;
  for (Index i = 0; i < samples; ++i) all.push_back(static_cast<std::int32_t>(i % 10));
  return all;
}

nn::ModulePtr born(const std::string& model, const std::string& plan) {
  auto net = models::build(model, {});
  Generator generator(5);
  start::initialize(*net, plan, generator, images(), labels());
  return net;
}

/// The outputs of the layers with weight matrices, in the order they run.
std::vector<Tensor> outputs(nn::Module& model) {
  std::vector<Tensor> all;
  const nn::Observer observer([&](nn::Module& module, const Tensor& out) {
    for (const auto& own : module.own_parameters())
      if (own->name == "weight" && own->value.rank() >= 2) all.push_back(out.detach());
  });
  model(images());
  return all;
}

std::vector<std::vector<real>> state(nn::Module& model) {
  std::vector<std::vector<real>> all;
  for (const auto& [name, value] : model.state_dict()) all.push_back(value.to_vector());
  return all;
}

}  // namespace

TEST_CASE("lsuv: every layer's output has the target variance on the batch") {
  for (const char* model : {"lenet", "plain_net(depth=12, width=32, activation=tanh)",
                            "plain_net(depth=12, width=32, activation=relu)", "resnet_small(width=4)"}) {
    CAPTURE(model);
    const auto net = born(model, "lsuv(base=normal)");
    const auto all = outputs(*net);
    CHECK(all.size() >= 5);
    for (const Tensor& out : all)
      CHECK(std::pow(moments(out.values()).std, 2) == doctest::Approx(1).epsilon(0.011));
  }
  const auto loud = born("lenet", "lsuv(target=4, tolerance=0.001)");
  for (const Tensor& out : outputs(*loud))
    CHECK(moments(out.values()).std == doctest::Approx(2).epsilon(0.001));
}

TEST_CASE("lsuv: the base keeps its direction, and only its size changes") {
  const auto net = born("lenet", "lsuv");
  auto base = models::build("lenet", {});
  Generator generator(5);
  start::initialize(*base, "orthogonal", generator);
  const Tensor& fitted = net->parameter("fc1.weight")->value;
  const Tensor& drawn = base->parameter("fc1.weight")->value;
  const real ratio = fitted.data()[7] / drawn.data()[7];
  CHECK(std::abs(ratio - 1) > real(1e-3));
  for (Index i = 0; i < drawn.numel(); i += 97)
    CHECK(fitted.data()[i] == doctest::Approx(ratio * drawn.data()[i]));
  CHECK(net->parameter("fc1.weight")->drawn_by == start::lsuv());
}

namespace {

/// Mean squares of what the activations give out, in the order they run.
std::vector<double> second_moments(nn::Module& model) {
  std::vector<double> all;
  const nn::Observer observer([&](nn::Module& module, const Tensor& out) {
    if (!nn::activation_of(module)) return;
    const auto [mean, std] = moments(out.values());
    all.push_back(mean * mean + std * std);
  });
  model(images());
  return all;
}

}  // namespace

TEST_CASE("lsuv: behind each activation the second moment is the target, for this draw, at every depth") {
  struct Case {
    const char *activation, *target;
  };
  for (const Case c : {Case{"relu", "1"}, Case{"silu", "1"}, Case{"gelu", "1"}, Case{"tanh", "0.3"},
                       Case{"sigmoid", "0.3"}, Case{"softplus", "2"}}) {
    for (const char* center : {"false", "true"}) {
      CAPTURE(c.activation);
      CAPTURE(center);
      const auto net = born(fmt::format("plain_net(depth=20, width=32, activation={})", c.activation),
                            fmt::format("lsuv(target={}, tolerance=0.001, after_activation=true, center={})",
                                        c.target, center));
      const auto found = second_moments(*net);
      CHECK(found.size() >= 19);
      for (const double one : found) CHECK(one == doctest::Approx(std::stod(c.target)).epsilon(0.005));
    }
  }
  // By the outputs' variance alone the moment behind is another at every layer.
  const auto usual = second_moments(*born("plain_net(depth=20, width=32, activation=silu)", "lsuv"));
  CHECK(*std::max_element(usual.begin(), usual.end()) < 0.9);
}

TEST_CASE("lsuv: centred, every channel has mean 0 and the layer its variance; tanh's moment cannot be 1") {
  const auto net = born("lenet", "lsuv(center=true)");
  for (const Tensor& out : outputs(*net)) {
    CHECK(moments(out.values()).std == doctest::Approx(1).epsilon(0.011));
    const Index channels = out.size(1), area = out.numel() / (samples * channels);
    for (Index c = 0; c < channels; ++c) {
      double sum = 0;
      for (Index n = 0; n < samples; ++n)
        for (Index i = 0; i < area; ++i)
          sum += static_cast<double>(out.data()[(n * channels + c) * area + i]);
      CHECK(std::abs(sum / static_cast<double>(samples * area)) < 1e-3);
    }
  }
  CHECK(net->parameter("fc1.bias")->drawn_by == init::parse("lsuv(center=true)"));
  // A bias of another scheme stays.
  const auto kept = born("lenet", "lsuv(center=true); *.bias=constant(0.25)");
  for (const real b : kept->parameter("fc1.bias")->value.values()) CHECK(b == real(0.25));
  const auto left = born("plain_net(depth=4, width=16, activation=tanh)", "lsuv(after_activation=true)");
  const auto base = born("plain_net(depth=4, width=16, activation=tanh)", "orthogonal");
  CHECK(left->parameter("fc1.weight")->value.to_vector() == base->parameter("fc1.weight")->value.to_vector());
}

TEST_CASE("krahenbuhl: every channel has mean 0 and deviation 1 on the batch") {
  for (const char* model : {"lenet", "plain_net(depth=6, width=24, activation=tanh)"}) {
    CAPTURE(model);
    const auto net = born(model, "krahenbuhl(between=false)");
    for (const Tensor& out : outputs(*net)) {
      const Index channels = out.size(1), area = out.numel() / (samples * channels);
      for (Index c = 0; c < channels; ++c) {
        std::vector<real> of;
        for (Index n = 0; n < samples; ++n)
          for (Index i = 0; i < area; ++i) of.push_back(out.data()[(n * channels + c) * area + i]);
        const auto [mean, std] = moments(of);
        CHECK(std::abs(mean) < 1e-3);
        CHECK(std == doctest::Approx(1).epsilon(1e-3));
      }
    }
  }
}

namespace {

std::vector<start::Fit> weights_of(nn::Module& model) {
  std::vector<start::Fit> all;
  for (const auto& one : model.named_parameters()) {
    if (one.parameter->value.rank() >= 2)
      all.push_back({one.name, one.parameter.get(), one.owner, init::parse("krahenbuhl")});
  }
  return all;
}

std::vector<real> answers(nn::Module& model) { return model(images()).to_vector(); }

}  // namespace

TEST_CASE("krahenbuhl between layers: all layers change equally fast, and the function stays") {
  for (const char* model : {"mlp(hidden=64-32)", "lenet", "mlp(hidden=48-24, activation=leaky_relu)"}) {
    CAPTURE(model);
    const auto within = born(model, "krahenbuhl(between=false)"), both = born(model, "krahenbuhl");
    const auto before = start::rates_of_change(*within, weights_of(*within), images(), 0);
    CHECK(*std::max_element(before.begin(), before.end()) >
          1.5 * *std::min_element(before.begin(), before.end()));
    const auto rates = start::rates_of_change(*both, weights_of(*both), images(), 0);
    for (const double rate : rates) CHECK(rate == doctest::Approx(rates[0]).epsilon(1e-4));
    for (const double rate :
         start::rates_of_change(*both, weights_of(*both), images(), 99))  // of other random losses
      CHECK(rate == doctest::Approx(rates[0]).epsilon(0.15));
    const auto one = answers(*within), two = answers(*both);
    // logits of deviation 1
    for (std::size_t i = 0; i < one.size(); ++i) CHECK(std::abs(one[i] - two[i]) < 1e-4);
  }
}

TEST_CASE("krahenbuhl between layers: where scaling would change the function, nothing is scaled") {
  const char* tanh = "plain_net(depth=4, width=24, activation=tanh)";
  CHECK(state(*born(tanh, "krahenbuhl")) == state(*born(tanh, "krahenbuhl(between=false)")));
  const char* residual = "resnet_small(width=4, batch_norm=false)";
  const auto within = born(residual, "krahenbuhl(between=false)"), both = born(residual, "krahenbuhl");
  CHECK(within->parameter("fc.weight")->value.to_vector() == both->parameter("fc.weight")->value.to_vector());
  const auto one = answers(*within), two = answers(*both);
  for (std::size_t i = 0; i < one.size(); ++i) CHECK(std::abs(one[i] - two[i]) < 1e-4);
  std::vector<start::Fit> branch;
  for (const auto& fit : weights_of(*both))
    if (fit.name.starts_with("layer1.0.conv")) branch.push_back(fit);
  REQUIRE(branch.size() == 2);
  const auto rates = start::rates_of_change(*both, branch, images(), 0);
  CHECK(rates[0] == doctest::Approx(rates[1]).epsilon(1e-4));
  const char* other_bias = "*.weight=krahenbuhl; *.bias=constant(0.1)";  // which may not be scaled
  const auto mixed = born("mlp(hidden=32)", other_bias);
  for (const real b : mixed->parameter("fc1.bias")->value.values()) CHECK(b == real(0.1));
}

TEST_CASE(
    "data-dependent: what is constant up to rounding is left as drawn, and its rounding is not blown up") {
  for (const char* plan :
       {"krahenbuhl(between=false, base=constant(0.0123))", "lsuv(base=constant(0.0123))"}) {
    CAPTURE(plan);
    for (const real jitter : {real(0), real(1e-7)}) {  // samples that differ by rounding alone
      auto net = models::build("mlp(hidden=16)", {});
      Tensor same(Shape{samples, 1, 28, 28});
      Generator generator(1);
      for (Index i = 0; i < same.numel(); ++i)
        same.data()[i] = real(0.37) + real(0.001) * static_cast<real>(i % 784) +
                         jitter * static_cast<real>((i / 784) % 3 - 1);
      start::initialize(*net, plan, generator, same, labels());
      CHECK(net->parameter("fc1.weight")->value.data()[5] == doctest::Approx(0.0123).epsilon(1e-3));
    }
  }
}

TEST_CASE("data-dependent: equal bits for any number of threads") {
  for (const char* plan : {"lsuv", "krahenbuhl"}) {
    set_threads(1);
    const auto one = state(*born("lenet", plan));
    set_threads(2);
    const auto two = state(*born("lenet", plan));
    set_threads(1);
    CHECK(one == two);
  }
}

TEST_CASE("data-dependent: only the parameters of the rule are fitted") {
  auto net = models::build("resnet_small(width=4)", {});
  Generator generator(1);
  auto& loaded = *net->parameter("fc.weight");
  loaded.value.fill(real(0.25));
  loaded.origin = nn::Origin::loaded;
  std::vector<std::vector<real>> before;
  for (const auto& [name, value] : net->named_buffers()) before.push_back(value.to_vector());
  net->eval();
  start::initialize(*net, "lsuv; layer2*=kaiming_normal", generator, images(), labels());
  CHECK_FALSE(net->training());
  for (const real x : loaded.value.values()) CHECK(x == real(0.25));
  std::size_t i = 0;
  for (const auto& [name, value] : net->named_buffers()) CHECK(value.to_vector() == before[i++]);
  for (const auto& one : net->named_parameters()) CHECK_FALSE(one.parameter->value.grad().defined());
  auto other = models::build("resnet_small(width=4)", {});
  Generator again(1);
  auto& same = *other->parameter("fc.weight");
  same.value.fill(real(0.25));
  same.origin = nn::Origin::loaded;
  start::initialize(*other, "orthogonal; layer2*=kaiming_normal", again);
  CHECK(generator == again);
  const auto values = [](nn::Module& model, const char* name) {
    return model.parameter(name)->value.to_vector();
  };
  CHECK(values(*net, "layer2.0.conv1.weight") == values(*other, "layer2.0.conv1.weight"));
  CHECK(values(*net, "layer3.0.conv1.weight") != values(*other, "layer3.0.conv1.weight"));
}

TEST_CASE(
    "data-dependent: without a batch, or with a bad one, nothing is drawn and the message says what to do") {
  auto net = models::build("lenet", {});
  Generator generator(1);
  const std::string none = message([&] { start::initialize(*net, "conv2=lsuv", generator); });
  CHECK(holds(none, "conv2.weight: scheme 'lsuv' fits weights to a batch of training data"));
  CHECK(net->parameter("conv1.weight")->origin == nn::Origin::declared);
  const std::vector<std::int32_t> few(3, 0);
  CHECK(holds(message([&] { start::initialize(*net, "lsuv", generator, images(), few); }),
              "32 images and 3 labels"));
  CHECK(holds(message([&] { start::initialize(*net, "lsuv", generator, Tensor(), few); }),
              "at least one sample"));
  Tensor broken = images();
  broken.data()[5] = std::numeric_limits<real>::quiet_NaN();
  CHECK(holds(message([&] { start::initialize(*net, "lsuv", generator, broken, labels()); }), "not finite"));
  auto dead = models::build("lenet", {});  // nothing to scale: left as drawn
  start::initialize(*dead, "lsuv(base=zeros)", generator, images(), labels());
  CHECK(dead->parameter("fc1.weight")->value.data()[0] == 0);
}
