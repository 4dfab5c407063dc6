#include <doctest/doctest.h>

#include <cmath>

#include <nlohmann/json.hpp>

#include <fanin/core/error.hpp>
#include <fanin/optim/schedule.hpp>

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
    }
  }
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
  try {
    Schedule::parse("cosin");
  } catch (const Error& error) {
    CHECK(error.blame() == Blame::usage);
  }
}
