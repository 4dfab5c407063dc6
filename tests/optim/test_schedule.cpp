#include <doctest/doctest.h>

#include <cmath>

#include <nlohmann/json.hpp>

#include <fanin/core/error.hpp>
#include <fanin/nn/linear.hpp>
#include <fanin/ops/ops.hpp>
#include <fanin/optim/optimizer.hpp>
#include <fanin/optim/schedule.hpp>
#include <fanin/start/initialize.hpp>

#include "tests/reference/digest.hpp"

using namespace fanin;
using optim::Schedule;

TEST_CASE("schedule: factors are torch's StepLR, CosineAnnealingLR and OneCycleLR") {
  for (const auto& expected : reference().at("schedules")) {
    const auto text = expected.at("text").get<std::string>();
    CAPTURE(text);
    const Schedule schedule = Schedule::parse(text);
    const auto factors = expected.at("factors").get<std::vector<double>>();
    for (std::size_t i = 0; i < factors.size(); ++i) {
      CAPTURE(i);
      // One step an epoch, as torch counts.
      CHECK(schedule.factor(static_cast<Index>(i), static_cast<Index>(factors.size()), 1) ==
            doctest::Approx(factors[i]).epsilon(1e-9));
      // torch's others leave the optimizer's momentum, here 0, alone
      const auto momentum = schedule.momentum(static_cast<Index>(i), static_cast<Index>(factors.size()), 1);
      CHECK(momentum.value_or(0) ==
            doctest::Approx(expected.at("momenta").at(i).get<double>()).epsilon(1e-9));
    }
  }
}

TEST_CASE("schedule: one_cycle moves weights as torch's OneCycleLR, momentum included") {
  for (const char* name : {"sgd", "adam", "rmsprop"}) {
    CAPTURE(name);
    nn::Linear layer({.in = 3, .out = 1, .bias = false});
    layer.weight->set(Tensor::from({real(0.3), real(-0.2), real(0.5)}, {1, 3}));
    Tensor x(Shape{4, 3});
    for (Index i = 0; i < 12; ++i) x.data()[i] = static_cast<real>(i) / 12 - real(0.4);
    optim::OptimizerOptions options{.rule = optim::update_rule_named(name), .lr = 0.2};
    options.*options.rule.momentum = 0.5;  // for the buffers; each step sets its own
    optim::Optimizer optimizer(layer, options);
    const Schedule schedule = Schedule::parse("one_cycle");
    for (Index step = 0; step < 10; ++step) {
      optimizer.set_lr(0.2 * schedule.factor(step, 10, 1));
      optimizer.set_momentum(schedule.momentum(step, 10, 1).value());
      optimizer.zero_grad();
      const Tensor miss = ops::sine(layer(x), 1) - 0.5;
      ops::sum(miss * miss).backward();
      optimizer.step();
    }
    const auto expected = reference().at("one_cycle").at(name).get<std::vector<double>>();
    for (std::size_t i = 0; i < 3; ++i)
      CHECK(layer.weight->value.to_vector()[i] == doctest::Approx(expected[i]).epsilon(2e-5));
  }
  optim::Optimizer without = [] {
    nn::Linear layer({.in = 3, .out = 1});
    Generator generator(1);
    start::initialize(layer, init::Plan(), generator);
    return optim::Optimizer(layer, {});
  }();
  CHECK_THROWS_WITH_AS(without.set_momentum(0.9), doctest::Contains("no buffer"), Error);
  CHECK_NOTHROW(without.set_momentum(0));
  CHECK_FALSE(Schedule::parse("one_cycle(cycle_momentum=false)").momentum(3, 10, 1));
  CHECK_THROWS_AS(Schedule::parse("one_cycle(max_momentum=1)"), Error);
  CHECK_THROWS_AS(Schedule::parse("one_cycle(base_momentum=0.97)"), Error);
}

TEST_CASE("schedule: constant is 1 at every step, and the default") {
  for (const Index step : {0, 1, 99}) {
    CHECK(Schedule().factor(step, 100, 10) == 1);
    CHECK(Schedule::parse("constant").factor(step, 100, 10) == 1);
  }
}

TEST_CASE("schedule: step counts epochs, not batches") {
  const Schedule schedule = Schedule::parse("step(every=2, gamma=0.5)");
  CHECK(schedule.factor(19, 100, 10) == 1);
  CHECK(schedule.factor(20, 100, 10) == 0.5);
  CHECK(schedule.factor(40, 100, 10) == 0.25);
}

TEST_CASE("schedule: warm-up rises in a line and hands over to what follows") {
  const Schedule schedule = Schedule::parse("cosine(warmup=4)");
  for (Index step = 0; step < 4; ++step)
    CHECK(schedule.factor(step, 24, 1) == doctest::Approx(static_cast<double>(step + 1) / 5));
  CHECK(schedule.factor(4, 24, 1) == 1);
  CHECK(schedule.factor(14, 24, 1) == doctest::Approx(0.5));
  CHECK(schedule.factor(24, 24, 1) == doctest::Approx(0).epsilon(1e-12));
}

TEST_CASE("schedule: stays finite and within [0, 1] at every edge") {
  for (const char* text :
       {"constant(warmup=1000)", "step(gamma=0)", "cosine(floor=0.5, warmup=3)", "one_cycle",
        "one_cycle(peak=0)", "one_cycle(peak=1)", "one_cycle(start=1, end=1)"}) {
    CAPTURE(text);
    const Schedule schedule = Schedule::parse(text);
    for (const Index total : {0, 1, 2, 3, 50}) {
      for (Index step = 0; step <= total + 2; ++step) {
        const double factor = schedule.factor(step, total, 0);
        CHECK(factor >= 0);
        CHECK(factor <= 1);
      }
    }
  }
}

TEST_CASE("schedule: prints a text that parses to the same factors") {
  for (const char* text : {"constant", "step(every=2, gamma=0.5)", "cosine(floor=0.1, warmup=7)",
                           "one_cycle(peak=0.25, start=10, end=1000)"}) {
    CAPTURE(text);
    const Schedule schedule = Schedule::parse(text);
    CHECK(schedule.to_string() == text);
    const Schedule again = Schedule::parse(schedule.to_string());
    for (Index step = 0; step < 30; ++step) CHECK(again.factor(step, 30, 3) == schedule.factor(step, 30, 3));
  }
  CHECK(Schedule().to_string() == "constant");
}

TEST_CASE("schedule: unknown names and bad options are errors that help") {
  CHECK_THROWS_WITH_AS(Schedule::parse("cosin"), doctest::Contains("'cosine'"), Error);
  CHECK_THROWS_WITH_AS(Schedule::parse("step(evry=2)"), doctest::Contains("'every'"), Error);
  for (const char* bad :
       {"step(every=0)", "step(gamma=-1)", "cosine(floor=-0.1)", "cosine(floor=nan)", "one_cycle(peak=1.5)",
        "one_cycle(start=0)", "constant(warmup=-1)", "step(every=1.5)", "", "step(", "step(every=2))"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(Schedule::parse(bad), Error);
  }
  for (const auto& make : {+[] { return Schedule(optim::StepDecay{.every = 0}); },
                           +[] { return Schedule(optim::StepDecay{.gamma = -1}); },
                           +[] { return Schedule(optim::Cosine{.floor = -0.1}); },
                           +[] { return Schedule(optim::Cosine{.floor = NAN}); },
                           +[] { return Schedule(optim::OneCycle{.peak = 1.5}); },
                           +[] { return Schedule(optim::OneCycle{.start = 0}); },
                           +[] { return Schedule(optim::OneCycle{.end = INFINITY}); },
                           +[] { return Schedule(optim::OneCycle{.max_momentum = 1}); },
                           +[] { return Schedule(optim::OneCycle{.base_momentum = 0.96}); }})
    CHECK_THROWS_AS(make(), Error);
  CHECK_THROWS_WITH_AS(optim::StepDecay{.every = 0}.factor({.step = 0, .steps = 1, .epoch = 0}),
                       "schedule step: every = 0 must be ≥ 1", Error);
  CHECK_NOTHROW(Schedule(optim::OneCycle{.cycle_momentum = false, .max_momentum = 2}));
  try {
    Schedule::parse("cosin");
  } catch (const Error& error) {
    CHECK(error.blame() == Blame::usage);
  }
}
