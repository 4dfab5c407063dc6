// How learning rates are searched: by budgets that are never exceeded, beyond the ends of an axis where the
// best lies there, and halfway between its values otherwise.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include <fanin/compare/rate_search.hpp>
#include <fanin/compare/windows.hpp>
#include <fanin/core/error.hpp>

using namespace fanin;
using namespace fanin::compare;

namespace {

constexpr double none = std::numeric_limits<double>::infinity();

double cost(const std::vector<HalvingRound>& rounds) {
  double runs = 0;
  for (const HalvingRound& one : rounds) runs += static_cast<double>(one.rates) * one.seeds * one.share;
  return runs;
}

}  // namespace

TEST_CASE("rate search: six rates about one, as whoever tunes by hand tries") {
  CHECK(rates_about(0.1) == std::vector{0.003, 0.01, 0.03, 0.1, 0.3, 1.0});
  CHECK(rates_about(0.001) == std::vector{0.00003, 0.0001, 0.0003, 0.001, 0.003, 0.01});
}

TEST_CASE("rate search: halving spends its budget alike in every round, and never more") {
  const auto eight = halving_rounds(8, 3);
  REQUIRE(eight.size() == 3);
  CHECK(eight[0].rates == 8);
  CHECK(eight[0].share == 0.125);
  CHECK(eight[1].rates == 4);
  CHECK(eight[1].share == 0.25);
  CHECK(eight[2].rates == 2);
  CHECK(eight[2].share == 0.5);
  CHECK(cost(eight) == doctest::Approx(3));
  for (std::size_t rates = 1; rates < 70; ++rates) {
    for (const int budget : {1, 2, 3, 5, 10, 100}) {
      const auto rounds = halving_rounds(rates, budget);
      CHECK(cost(rounds) <= budget * (1 + 1e-12));
      if (rates > 1) CHECK(rounds.front().rates == rates);
      if (rates > 1) CHECK(rounds.back().rates == 2);
      for (const HalvingRound& one : rounds) {
        CHECK(one.share > 0);
        CHECK(one.share <= 1);
        CHECK(one.seeds >= 1);
        if (one.seeds > 1) CHECK(one.share == 1);
      }
    }
  }
  CHECK_THROWS_AS(halving_rounds(0, 3), Error);
  CHECK_THROWS_AS(halving_rounds(8, 0), Error);
}

TEST_CASE("rate search: what does no better than guessing is told apart by its loss alone") {
  const RateScores scores = {{0.001, {0.104, 2.2}}, {0.01, {0.099, 1.9}}, {0.1, {0.11, none}}};
  CHECK(best_rates(scores, 3, 0.12) == std::vector{0.01, 0.001, 0.1});
  CHECK(best_rates(scores, 2, 0) == std::vector{0.1, 0.001});
  CHECK(best_rates(scores, 9, 0).size() == 3);
  const RateScores alike = {{0.2, {0.5, 1}}, {0.1, {0.5, 1}}};
  CHECK(best_rates(alike, 1, 0.1) == std::vector{0.1});
}

TEST_CASE("rate search: beyond the end where the best lies there, else beside the best") {
  const RateScores low = {{0.01, {0.8, 1}}, {0.03, {0.7, 1}}, {0.1, {0.6, 1}}};
  CHECK(next_rate(low, 0.1) == doctest::Approx(0.0033));
  const RateScores high = {{0.01, {0.6, 1}}, {0.03, {0.7, 1}}, {0.1, {0.8, 1}}};
  CHECK(next_rate(high, 0.1) == doctest::Approx(0.33));
  const RateScores middle = {{0.01, {0.75, 1}}, {0.03, {0.8, 1}}, {0.1, {0.7, 1}}};
  CHECK(next_rate(middle, 0.1) == doctest::Approx(0.017));
  // A wide step is no leap, and nothing is tried where no rate makes sense.
  CHECK(next_rate({{1e-4, {0.6, 1}}, {1, {0.8, 1}}}, 0.1) == doctest::Approx(10));
  CHECK(next_rate({{1e-7, {0.8, 1}}, {1e-6, {0.7, 1}}}, 0.1) == doctest::Approx(3.2e-7));
  CHECK(next_rate({{100, {0.6, 1}}, {1000, {0.8, 1}}}, 0.1) == doctest::Approx(320));
  // To two digits, unless that rate was tried.
  CHECK(next_rate({{1.1, {0.7, 1}}, {1.12, {0.8, 1}}, {1.2, {0.79, 1}}}, 0.1) ==
        doctest::Approx(std::sqrt(1.12 * 1.2)));
  CHECK_THROWS_AS(next_rate({{0.1, {0.8, 1}}}, 0.1), Error);
}

TEST_CASE(
    "windows: rates next to the best within a point of its mean, as a factor, and the largest stable one") {
  const Window found = window_of({{0.003, 0.5, false},
                                  {0.01, 0.80, false},
                                  {0.01, 0.82, false},
                                  {0.03, 0.815, false},
                                  {0.03, 0.825, false},
                                  {0.1, 0.814, false},
                                  {0.1, 0.808, false},
                                  {0.3, 0.70, false},
                                  {0.3, 0.10, true},
                                  {1, 0.81, false}},
                                 0.15);
  CHECK(found.best_lr == 0.03);
  CHECK(found.best_accuracy == doctest::Approx(0.82));
  CHECK(found.low == 0.01);  // a point below, to the digit
  CHECK(found.high == 0.1);  // 1 is as good, but not next to it
  CHECK(found.factor == doctest::Approx(10));
  CHECK(found.largest_stable == 0.1);
  CHECK(found.rates == 6);
  CHECK(found.seeds == 2);
  CHECK_FALSE(found.at_edge);
  CHECK_FALSE(found.open_low);
  CHECK_FALSE(found.open_high);
}

TEST_CASE("windows: after a race, each rate is measured by the longest runs that it had") {
  const std::vector<RateTrial> trials = {
      {0.01, 0.50, false, 0}, {0.03, 0.60, false, 0}, {0.1, 0.61, false, 0}, {0.3, 0.55, false, 0},
      {1, 0.1, true, 0},      {0.1, 0.80, false, 1},  {0.3, 0.85, false, 1}, {0.03, 0.845, false, 1}};
  const Window found = window_of(trials, 0.15);
  CHECK(found.best_lr == 0.3);
  CHECK(found.best_accuracy == 0.85);
  CHECK(found.low == 0.3);  // 0.1 is five points below in the longer runs
  CHECK(found.high == 0.3);
  CHECK(found.largest_stable == 0.3);
  CHECK_FALSE(found.at_edge);
  const Window chosen = window_of(trials, 0.15, 0.03);
  CHECK(chosen.best_lr == 0.03);
  CHECK(chosen.low == 0.03);
  CHECK_THROWS_AS(window_of(trials, 0.15, 0.2), Error);
  const Window early = window_of({{0.1, 0.6, false, 0}, {0.3, 0.605, false, 0}, {0.3, 0.8, false, 1}}, 0.15);
  CHECK(early.low == 0.1);  // it went no further, but was as good
}

TEST_CASE("windows: one that reaches an end says so, and what never learns has none") {
  const Window open = window_of({{0.1, 0.9, false}, {0.3, 0.895, false}}, 0.15);
  CHECK(open.at_edge);
  CHECK(open.open_low);
  CHECK(open.open_high);
  CHECK(open.factor == doctest::Approx(3));
  const Window dead = window_of({{0.1, 0.1, false}, {0.3, 0.1, true}}, 0.15);
  CHECK(std::isnan(dead.low));
  CHECK(std::isnan(dead.factor));
  CHECK(dead.largest_stable == 0.1);
  CHECK(window_of({{0.1, 0.7, false}, {0.2, 0.8, true}, {0.3, 0.7, true}}, 0.15).largest_stable == 0.1);
  CHECK(std::isnan(window_of({{0.1, 0.1, true}}, 0.15).largest_stable));
  CHECK(std::isnan(window_of({}, 0.1).best_lr));
}
