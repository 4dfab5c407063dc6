#include <doctest/doctest.h>

#include <algorithm>

#include <fanin/datasets.hpp>
#include <fanin/models.hpp>
#include <fanin/probe/probe_text.hpp>
#include <fanin/probe/recommend.hpp>

#include "tests/message.hpp"

using namespace fanin;
using doctest::Approx;

namespace {

const data::Dataset& samples() {
  static const data::Dataset data =
      datasets::load_dataset("synthetic(count=400, size=12)", datasets::Split::train);
  return data;
}

struct Seen {
  nn::ModulePtr model;
  probe::ProbeSetup setup;
  std::vector<probe::Probed> all;
};

Seen look(const std::string& text, const std::vector<std::string>& schemes, double lr) {
  Seen seen{.model = models::build(text, models::input_of(samples())),
            .setup = probe::ProbeSetup::of(samples(), 96, {.lr = lr, .batch = 16, .steps = 1000}, 1),
            .all = {}};
  for (const auto& scheme : schemes)
    seen.all.push_back(probe::probe_scheme(*seen.model, scheme, init::Plan::parse(scheme), seen.setup));
  return seen;
}

}  // namespace

TEST_CASE("recommend: of schemes good and bad a good one, at a rate at which it trains") {
  const auto seen = look("plain_net(depth=10, width=48, activation=relu)",
                         {"zeros", "normal(std=0.01)", "kaiming_normal", "normal(std=1)"}, 0.03);
  const auto chosen = probe::recommend(*seen.model, seen.all, seen.setup);
  REQUIRE(chosen);
  CHECK(seen.all[chosen->scheme].scheme == "kaiming_normal");
  CHECK(chosen->rate.best().trains());
  CHECK(chosen->rate.tried.front().lr == 0.03);
  CHECK(chosen->rate.tried.size() <= probe::most_rates);
}

TEST_CASE("recommend: where the planned rate is far too large, a smaller one; nothing where nothing helps") {
  const auto wild = look("mlp(hidden=32)", {"default"}, 300);
  CHECK_FALSE(wild.all[0].outlook.trains());
  const auto chosen = probe::recommend(*wild.model, wild.all, wild.setup);
  REQUIRE(chosen);
  CHECK(chosen->rate.best().lr < 30);
  const auto& rates = chosen->rate.tried;
  CHECK(rates[1].lr == Approx(90));  // half a decade at a time
  CHECK(rates[2].lr == Approx(30));
  const auto hopeless = look("mlp(hidden=32)", {"zeros"}, 0.1);
  CHECK_FALSE(probe::recommend(*hopeless.model, hopeless.all, hopeless.setup));
  CHECK_FALSE(probe::recommend(*hopeless.model, {}, hopeless.setup));
  // It would train at 0.1, which lies below what is tried from a million on: nothing is said of that.
  const auto absurd = look("mlp(hidden=32)", {"default"}, 1e6);
  const auto none = probe::recommend(*absurd.model, absurd.all, absurd.setup);
  CHECK_FALSE(none);
  CHECK(holds(probe::recommendation_text(none, absurd.all),
              "at a lower one down to 300: try lower still (--lr)"));
}

TEST_CASE("recommend: the same seed gives the same choice, and the weights are the scheme's") {
  const auto seen = look("mlp(hidden=16)", {"default", "orthogonal"}, 0.1);
  const auto one = probe::recommend(*seen.model, seen.all, seen.setup);
  const auto two = probe::recommend(*seen.model, seen.all, seen.setup);
  REQUIRE(one);
  REQUIRE(two);
  CHECK(one->scheme == two->scheme);
  CHECK(one->rate.best().log_odds == two->rate.best().log_odds);
  const auto values = seen.model->parameter("fc1.weight")->value.to_vector();
  probe::draw(*seen.model, init::Plan::parse(seen.all[one->scheme].plan), seen.setup);
  CHECK(seen.model->parameter("fc1.weight")->value.to_vector() == values);
}
