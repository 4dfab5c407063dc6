// empirical: behind every activation of any graph the second moment is its target, for this draw.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <cmath>
#include <limits>

#include <fanin/core/error.hpp>
#include <fanin/models.hpp>
#include <fanin/nn/activation.hpp>
#include <fanin/nn/linear.hpp>
#include <fanin/nn/sequential.hpp>
#include <fanin/start/data_dependent.hpp>
#include <fanin/start/graph.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/start/keep_state.hpp>
#include <fanin/start/layer_targets.hpp>

#include "tests/message.hpp"

using namespace fanin;

namespace {

Tensor images(Index count = 32) {
  Tensor x(Shape{count, 1, 28, 28});
  Generator generator(3);
  generator.normal(x.values(), 0.3, 1);
  return x;
}

std::vector<std::int32_t> labels(Index count = 32) {
  return std::vector<std::int32_t>(static_cast<std::size_t>(count), 1);
}

nn::ModulePtr born(const std::string& model, const std::string& plan) {
  auto net = models::build(model, {});
  Generator generator(5);
  start::initialize(*net, plan, generator, images(), labels());
  return net;
}

/// Behind every activation of the model on the batch, in training mode, in the order in which they run.
std::vector<double> behind_activations(nn::Module& model) {
  const start::KeepState keep(model);
  std::vector<double> all;
  const start::Graph graph = start::traced(model, images());
  for (const auto& op : graph.ops)
    if (op.is_activation()) all.push_back(start::second_moment(op.ran.output));
  return all;
}

}  // namespace

TEST_CASE("empirical: twenty layers of any activation, each at its target on the batch") {
  struct Case {
    const char* activation;
    double target;
  };
  for (const Case c : {Case{"relu", 1}, Case{"silu", 1}, Case{"gelu", 1}, Case{"selu", 1}, Case{"mish", 1},
                       Case{"tanh", 0.5}, Case{"sigmoid", 0.375}, Case{"softplus", 1}, Case{"sine", 0.25}}) {
    CAPTURE(c.activation);
    const auto net =
        born(fmt::format("plain_net(depth=20, width=32, activation={})", c.activation), "empirical");
    const auto found = behind_activations(*net);
    REQUIRE(found.size() == 20);
    for (const double one : found) CHECK(one == doctest::Approx(c.target).epsilon(0.004));
  }
}

TEST_CASE("empirical: convolutions, pools, dropout and the head") {
  for (const char* model : {"plain_net(depth=8, width=8, activation=relu, conv=true)", "lenet",
                            "vgg_small(width=4, batch_norm=false)", "conv_net(channels=4-8, hidden=16)"}) {
    CAPTURE(model);
    const auto net = born(model, "empirical");
    for (const double one : behind_activations(*net)) CHECK(one == doctest::Approx(1).epsilon(0.004));
    const start::KeepState keep(*net);
    CHECK(start::second_moment((*net)(images())) == doctest::Approx(1).epsilon(0.004));
  }
}

TEST_CASE("empirical: the shares of a sum, and the branches beside plain shortcuts") {
  const auto net = born("resnet_small(blocks=2, width=4, batch_norm=false)", "empirical");
  const auto found = behind_activations(*net);
  for (const double one : found) {
    CHECK(one > 0.5);
    CHECK(one < 2.1);
  }
  const start::KeepState keep(*net);
  const auto graph = start::traced(*net, images());
  int branches = 0, shares = 0;
  for (const auto& target : start::layer_targets(graph, [](const std::string&) { return std::nullopt; })) {
    CAPTURE(graph.ops[target.layer].weight);
    CHECK(start::second_moment(graph.ops[target.at].ran.output) ==
          doctest::Approx(target.target).epsilon(0.004));
    branches += target.reason == "a branch of 4 shortcuts";
    shares += target.reason == "one of 2 layers in a sum";
  }
  CHECK(branches == 4);
  CHECK(shares == 4);
}

TEST_CASE("empirical: a target of one's own, some layers alone, and what is left as drawn") {
  const auto net =
      born("plain_net(depth=3, width=16, activation=tanh)", "empirical; fc2=empirical(target=0.2)");
  const auto found = behind_activations(*net);
  CHECK(found[0] == doctest::Approx(0.5).epsilon(0.004));
  CHECK(found[1] == doctest::Approx(0.2).epsilon(0.004));
  CHECK(found[2] == doctest::Approx(0.5).epsilon(0.004));
  CHECK(net->parameter("fc2.weight")->drawn_by == init::parse("empirical(target=0.2)"));

  auto impossible = models::build("plain_net(depth=2, width=16, activation=tanh)", {});
  Generator generator(5);
  const auto drawn = start::initialize(*impossible, "empirical(target=2)", generator, images(), labels());
  const auto base = born("plain_net(depth=2, width=16, activation=tanh)", "orthogonal");
  CHECK(impossible->parameter("fc1.weight")->value.to_vector() ==
        base->parameter("fc1.weight")->value.to_vector());
  CHECK(
      drawn[0].note ==
      "empirical left it as drawn: no scale gives tanh behind the layer of 'fc1.weight' the second moment 2");

  Tensor broken = images();
  broken.data()[7] = std::numeric_limits<real>::infinity();
  const auto fresh = models::build("lenet", {});
  CHECK(holds(message([&] { start::initialize(*fresh, "empirical", generator, broken, labels()); }),
              "not finite"));
  CHECK(holds(message([] { init::parse("empirical(target=-1)"); }), "target"));
  CHECK(init::parse(start::empirical({.target = 2}).to_string()) == start::empirical({.target = 2}));
}
