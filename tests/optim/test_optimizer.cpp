// Every update rule against torch.optim over twenty steps of a small regression.
#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <optional>

#include <nlohmann/json.hpp>

#include <fanin/core/error.hpp>
#include <fanin/nn/linear.hpp>
#include <fanin/nn/sequential.hpp>
#include <fanin/nn/simple_layers.hpp>
#include <fanin/ops/elementwise.hpp>
#include <fanin/ops/loss.hpp>
#include <fanin/ops/reduce.hpp>
#include <fanin/optim/optimizer.hpp>
#include <fanin/start/initialize.hpp>

#include "tests/message.hpp"
#include "tests/reference/digest.hpp"

using namespace fanin;
using optim::Optimizer;
using optim::OptimizerOptions;
using optim::UpdateRule;

namespace {

/// The problem of make_models.py.
struct Problem {
  nn::Linear layer{5, 3};
  Tensor x{Shape{8, 5}}, y{Shape{8, 3}};

  Problem() {
    for (Index i = 0; i < 40; ++i) x.data()[i] = static_cast<real>(i * 37 % 64) / 32 - 1;
    for (Index i = 0; i < 24; ++i) y.data()[i] = static_cast<real>(i * 29 % 64) / 32 - 1;
    layer.weight->value.fill(0);
    for (Index i = 0; i < 15; ++i) layer.weight->value.data()[i] = static_cast<real>(i * 11 % 16) / 8 - 1;
    layer.bias->value.copy_from(Tensor::from({real(0.5), real(-0.25), real(0.125)}, {3}));
    layer.weight->origin = layer.bias->origin = nn::Origin::loaded;
  }

  real backward() {
    const Tensor loss = ops::mse(layer(x), y);
    loss.backward();
    return loss.item();
  }
  real step(Optimizer& optimizer) {
    optimizer.zero_grad();
    const real loss = backward();
    optimizer.step();
    return loss;
  }
};

const std::map<std::string, OptimizerOptions>& rules() {
  static const std::map<std::string, OptimizerOptions> all = {
      {"sgd", {.lr = 0.05}},
      {"sgd_momentum", {.lr = 0.05, .momentum = 0.9}},
      {"sgd_nesterov", {.lr = 0.05, .momentum = 0.8, .nesterov = true}},
      {"sgd_dampening", {.lr = 0.05, .momentum = 0.9, .dampening = 0.3}},
      {"sgd_decay", {.lr = 0.05, .weight_decay = 0.1, .momentum = 0.5}},
      {"adam", {.rule = optim::adam(), .lr = 0.02}},
      {"adam_decay", {.rule = optim::adam(), .lr = 0.02, .weight_decay = 0.1, .beta1 = 0.8, .beta2 = 0.95}},
      {"adamw", {.rule = optim::adamw(), .lr = 0.02, .weight_decay = 0.1}},
      {"rmsprop", {.rule = optim::rmsprop(), .lr = 0.01}},
      {"rmsprop_momentum",
       {.rule = optim::rmsprop(), .lr = 0.01, .weight_decay = 0.1, .momentum = 0.5, .alpha = 0.9}},
  };
  return all;
}

}  // namespace

TEST_CASE("optimizer: twenty steps of each rule end where torch.optim's do") {
  const auto& expected = reference().at("optimizers");
  CHECK(expected.size() == rules().size());
  for (const auto& [the_name, options] : rules()) {
    const auto& name = the_name;  // clang 14 captures no structured binding
    CAPTURE(name);
    Problem problem;
    Optimizer optimizer(problem.layer, options);
    std::vector<float> losses;
    for (int i = 0; i < 20; ++i) losses.push_back(problem.step(optimizer));
    CHECK(list_error(losses, expected.at(name).at("losses")) < 1e-5);
    CHECK(list_error(problem.layer.weight->value.to_vector(), expected.at(name).at("weight")) < 1e-5);
    CHECK(list_error(problem.layer.bias->value.to_vector(), expected.at(name).at("bias")) < 1e-5);
    CHECK(optimizer.steps() == 20);
  }
}

TEST_CASE("optimizer: going on from a saved state gives the same bits as never stopping") {
  for (const auto& [the_name, options] : rules()) {
    const auto& name = the_name;  // clang 14 captures no structured binding
    CAPTURE(name);
    Problem whole, first, second;
    Optimizer all(whole.layer, options), before(first.layer, options), after(second.layer, options);
    for (int i = 0; i < 7; ++i) whole.step(all);
    for (int i = 0; i < 3; ++i) first.step(before);
    second.layer.weight->value.copy_from(first.layer.weight->value);
    second.layer.bias->value.copy_from(first.layer.bias->value);
    auto from = before.state();
    auto to = after.state();
    REQUIRE(from.size() == to.size());
    for (std::size_t i = 0; i < from.size(); ++i) {
      CHECK(from[i].first == to[i].first);
      to[i].second.copy_from(from[i].second);
    }
    after.set_steps(before.steps());
    for (int i = 3; i < 7; ++i) second.step(after);
    CHECK(second.layer.weight->value.to_vector() == whole.layer.weight->value.to_vector());
    CHECK(second.layer.bias->value.to_vector() == whole.layer.bias->value.to_vector());
  }
}

TEST_CASE("optimizer: clips the joint gradient norm as torch does, and returns the norm before") {
  for (const auto& expected : reference().at("clipping")) {
    Problem problem;
    Optimizer optimizer(problem.layer, {});
    problem.backward();
    CHECK(optimizer.clip_grad_norm(expected.at("max_norm")) ==
          doctest::Approx(expected.at("norm").get<double>()).epsilon(1e-6));
    CHECK(list_error(problem.layer.weight->value.grad().to_vector(), expected.at("weight")) < 1e-5);
    CHECK(list_error(problem.layer.bias->value.grad().to_vector(), expected.at("bias")) < 1e-5);
  }
  Problem problem;
  Optimizer optimizer(problem.layer, {});
  CHECK(optimizer.clip_grad_norm(1) == 0);  // no gradients yet
  CHECK_THROWS_AS(optimizer.clip_grad_norm(0), Error);
  CHECK_THROWS_AS(optimizer.clip_grad_norm(-1), Error);
  CHECK_THROWS_AS(optimizer.clip_grad_norm(std::nan("")), Error);
}

TEST_CASE("optimizer: a parameter without a gradient keeps its value and its count of updates") {
  for (const auto& [the_name, options] : rules()) {
    const auto& name = the_name;  // clang 14 captures no structured binding
    CAPTURE(name);
    Problem problem;
    nn::Linear idle(2, 2);
    Generator generator(0);
    start::initialize(idle, generator);
    std::vector<nn::Module::NamedParameter> parameters = idle.named_parameters();
    for (const auto& one : problem.layer.named_parameters()) parameters.push_back(one);
    Optimizer optimizer({{.parameters = parameters}}, options);
    const auto before = idle.weight->value.to_vector();
    for (int i = 0; i < 20; ++i) problem.step(optimizer);
    CHECK(idle.weight->value.to_vector() == before);
    CHECK(list_error(problem.layer.weight->value.to_vector(),
                     reference().at("optimizers").at(name).at("weight")) < 1e-5);
    // Its first gradient finds fresh state: a first step of its own.
    nn::Linear alone(2, 2);
    alone.weight->value.copy_from(idle.weight->value);
    alone.bias->value.copy_from(idle.bias->value);
    alone.weight->origin = alone.bias->origin = nn::Origin::loaded;
    Optimizer fresh(alone, options);
    for (auto* pair : {&idle, &alone}) ops::sum((*pair)(Tensor::ones({1, 2}))).backward();
    optimizer.step();
    fresh.step();
    CHECK(idle.weight->value.to_vector() == alone.weight->value.to_vector());
  }
}

TEST_CASE("optimizer: groups learn at their own scale, zero being frozen") {
  Problem problem;
  auto parameters = problem.layer.named_parameters();
  Optimizer optimizer({{.parameters = {parameters[0]}}, {.parameters = {parameters[1]}, .lr_scale = 0}},
                      {.lr = 0.05});
  const auto bias = problem.layer.bias->value.to_vector(), weight = problem.layer.weight->value.to_vector();
  problem.step(optimizer);
  CHECK(problem.layer.bias->value.to_vector() == bias);
  CHECK(problem.layer.weight->value.to_vector() != weight);
  optimizer.set_group_lr_scale(1, 2);
  const real g = [&] {
    optimizer.zero_grad();
    problem.backward();
    return problem.layer.bias->value.grad().data()[0];
  }();
  optimizer.step();
  CHECK(problem.layer.bias->value.data()[0] == doctest::Approx(bias[0] - real(0.1) * g));
  CHECK_THROWS_AS(optimizer.set_group_lr_scale(2, 1), Error);
}

TEST_CASE("optimizer: keeps the values the parameters had, and handles taken before see its steps") {
  Problem problem;
  const Tensor handle = problem.layer.weight->value;
  const auto before = handle.to_vector();
  Optimizer optimizer(problem.layer, {});
  CHECK(handle.to_vector() == before);
  problem.step(optimizer);
  CHECK(handle.to_vector() == problem.layer.weight->value.to_vector());
  CHECK(handle.to_vector() != before);
}

TEST_CASE(
    "optimizer: two on one model both move it, in turn or one after the other, as two that share nothing but the weights") {
  for (const auto& [the_name, options] : rules()) {
    const auto& name = the_name;  // clang 14 captures no structured binding
    CAPTURE(name);
    const OptimizerOptions other{.rule = optim::adam(), .lr = 0.03};
    Problem shared, alone;
    Optimizer first(shared.layer, options), second(shared.layer, other);
    Optimizer lone_first(alone.layer, options);
    std::optional<Optimizer> lone_second;
    // Of `alone`, each optimizer sees copies of what the other one left.
    Problem twin;
    lone_second.emplace(twin.layer, other);
    const auto carry = [](Problem& from, Problem& to) {
      to.layer.weight->value.copy_from(from.layer.weight->value);
      to.layer.bias->value.copy_from(from.layer.bias->value);
    };
    for (const int which : {0, 0, 1, 0, 1, 1}) {
      const auto before = shared.layer.weight->value.to_vector();
      shared.step(which == 0 ? first : second);
      CHECK(shared.layer.weight->value.to_vector() != before);
      if (which == 0) {
        alone.step(lone_first);
        carry(alone, twin);
      } else {
        twin.step(*lone_second);
        carry(twin, alone);
      }
      CHECK(shared.layer.weight->value.to_vector() == alone.layer.weight->value.to_vector());
    }
  }
}

TEST_CASE("optimizer: goes on when another one, its model or what was in a parameter is gone") {
  Problem problem, reference_run;
  Optimizer optimizer(problem.layer, {.lr = 0.1}), plain(reference_run.layer, {.lr = 0.1});
  { Optimizer passing(problem.layer, {.rule = optim::adam()}); }
  problem.step(optimizer);
  reference_run.step(plain);
  CHECK(problem.layer.weight->value.to_vector() == reference_run.layer.weight->value.to_vector());
  // another tensor in its place
  problem.layer.weight->value = problem.layer.weight->value.clone().set_requires_grad(true);
  problem.step(optimizer);
  reference_run.step(plain);
  CHECK(problem.layer.weight->value.to_vector() == reference_run.layer.weight->value.to_vector());
  problem.layer.bias->value = Tensor::zeros({4});
  CHECK(holds(message([&] { optimizer.step(); }),
              "parameter 'bias' had 3 elements when the optimizer was made, and has shape [4] now"));
  std::optional<Optimizer> widow;
  std::vector<real> last;
  Tensor handle;
  {
    nn::Linear model(2, 2);
    Generator generator(0);
    start::initialize(model, generator);
    handle = model.weight->value;
    widow.emplace(model, OptimizerOptions{});
    last = handle.to_vector();
  }
  widow->step();
  widow.reset();
  CHECK(handle.to_vector() == last);
}

TEST_CASE("optimizer: what it cannot be made of or asked for is an Error that names it") {
  nn::Linear a(2, 2), b(2, 2), frozen(2, 2);
  const auto of = [](nn::Linear& layer) { return layer.named_parameters(); };
  const auto made_of = [](std::vector<optim::Group> groups) {
    return message([&] { Optimizer(groups, {}); });
  };
  auto twice = of(a);
  twice.push_back(twice[0]);
  CHECK(holds(made_of({{.parameters = twice}}),
              "parameter 'weight' of group 0 is 'weight' of group 0 already"));
  CHECK(holds(made_of({{.parameters = of(b)}, {.parameters = of(a)}, {.parameters = {of(a)[1]}}}),
              "parameter 'bias' of group 2 is 'bias' of group 1 already"));
  b.weight->value = a.weight->value;  // one tensor in two parameters
  CHECK(holds(made_of({{.parameters = of(a)}, {.parameters = of(b)}}),
              "parameter 'weight' of group 1 is 'weight' of group 0 already"));
  CHECK(holds(made_of({}), "there are no parameters to train"));
  CHECK(holds(made_of({{}}), "there are no parameters to train"));
  CHECK(holds(made_of({{.parameters = {{"ghost", nullptr, nullptr}}}}),
              "parameter 'ghost' of group 0 is null"));
  CHECK(holds(made_of({{.parameters = of(frozen), .lr_scale = -1}}),
              "lr_scale must be a finite number ≥ 0, got -1"));
  CHECK(holds(made_of({{.parameters = of(frozen), .decay_scale = std::nan("")}}),
              "decay_scale must be a finite number"));
  nn::Flatten nothing;
  CHECK(holds(message([&] { Optimizer(nothing, {}); }), "there are no parameters to train"));
  Optimizer optimizer(frozen, {});
  CHECK(holds(message([&] { optimizer.set_group_lr_scale(0, std::nan("")); }), "lr_scale must be"));
  CHECK(holds(message([&] { optimizer.set_group_lr_scale(1, 1); }), "there is no group 1, it has 1"));
  CHECK(holds(message([&] { optimizer.set_steps(-1); }), "steps must be at least 0, got -1"));
  CHECK(
      holds(message([&] { optimizer.resume(-1, optimizer.updates()); }), "steps must be at least 0, got -1"));
  const Optimizer taken = std::move(optimizer);
  for (const auto& action : std::vector<std::function<void()>>{
           [&] { optimizer.step(); }, [&] { optimizer.zero_grad(); }, [&] { optimizer.clip_grad_norm(1); }})
    CHECK(holds(message(action), "moved from"));
}

TEST_CASE("optimizer: options outside torch.optim's ranges are errors") {
  nn::Linear layer(2, 2);
  const double nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
  for (const OptimizerOptions& bad :
       std::vector<OptimizerOptions>{{.lr = -1},
                                     {.lr = nan},
                                     {.lr = inf},
                                     {.weight_decay = -0.1},
                                     {.momentum = -1},
                                     {.dampening = nan},
                                     {.nesterov = true},
                                     {.momentum = 0.9, .dampening = 0.1, .nesterov = true},
                                     {.rule = optim::adam(), .beta1 = 1},
                                     {.rule = optim::adam(), .beta2 = -0.1},
                                     {.rule = optim::rmsprop(), .alpha = 1.5},
                                     {.rule = optim::adam(), .eps = -1}})
    CHECK_THROWS_AS(Optimizer(layer, bad), Error);
  Optimizer optimizer(layer, {});
  CHECK_THROWS_AS(optimizer.set_lr(nan), Error);
  for (const auto& name : optim::update_rule_names()) CHECK(optim::update_rule_named(name).name == name);
  CHECK_THROWS_WITH_AS(optim::update_rule_named("adamm"), doctest::Contains("'adam'"), Error);
}

TEST_CASE("a parameter that was frozen when the optimizer was made trains once it requires grad") {
  for (const char* name : {"sgd", "adam"}) {
    CAPTURE(name);
    const OptimizerOptions options{
        .rule = optim::update_rule_named(name), .lr = 0.1, .momentum = std::string(name) == "sgd" ? 0.9 : 0};
    // As PyTorch has it: its state begins with its first step, as if it came to an optimizer of its own then.
    Problem late, apart;
    late.layer.weight->value.set_requires_grad(false);
    apart.layer.weight->value.set_requires_grad(false);
    Optimizer one(late.layer, options);
    Optimizer bias({{.parameters = {{"bias", apart.layer.bias.shared(), &apart.layer}}}}, options);
    std::optional<Optimizer> weight;
    const auto born = late.layer.weight->value.to_vector();
    for (int step = 0; step < 6; ++step) {
      if (step == 3) {
        CHECK(late.layer.weight->value.to_vector() == born);
        late.layer.weight->value.set_requires_grad(true);
        apart.layer.weight->value.set_requires_grad(true);
        weight.emplace(std::vector<optim::Group>{{.parameters = {{"weight", apart.layer.weight.shared(),
                                                                  &apart.layer}}}},
                       options);
      }
      one.zero_grad();
      bias.zero_grad();
      if (weight) weight->zero_grad();
      for (Problem* problem : {&late, &apart}) {
        const Tensor difference = problem->layer(problem->x) - problem->y;
        ops::mean(difference * difference).backward();
      }
      one.step();
      bias.step();
      if (weight) weight->step();
      CHECK(late.layer.weight->value.to_vector() == apart.layer.weight->value.to_vector());
      CHECK(late.layer.bias->value.to_vector() == apart.layer.bias->value.to_vector());
    }
    CHECK(late.layer.weight->value.to_vector() != born);
    CHECK(one.updates() == std::vector<std::pair<std::string, Index>>{{"bias", 6}, {"weight", 3}});
    // The norm to clip to counts it from the first gradient on.
    Problem clipped;
    clipped.layer.bias->value.set_requires_grad(false);
    Optimizer other(clipped.layer, options);
    clipped.layer.bias->value.set_requires_grad(true);
    const Tensor difference = clipped.layer(clipped.x) - clipped.y;
    ops::mean(difference * difference).backward();
    double squares = 0;
    for (const Tensor& gradient : {clipped.layer.weight->value.grad(), clipped.layer.bias->value.grad()})
      for (const real g : gradient.values()) squares += static_cast<double>(g) * static_cast<double>(g);
    CHECK(other.clip_grad_norm(100) == doctest::Approx(std::sqrt(squares)));
  }
}
