// The whole way from a grid's runs to its findings, on data and schemes of which it is known what they are worth.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include <fanin/compare/counted_runs.hpp>
#include <fanin/compare/summary.hpp>
#include <fanin/compare/verdict.hpp>
#include <fanin/fanin.hpp>

#include "tests/compare/small_grid.hpp"
#include "tests/statistics/simulated.hpp"

using namespace fanin;
using namespace fanin::compare;
using simulated::Count;
using simulated::Luck;

namespace {

// A class is told by one pixel of its own, and a net with a unit for each learns all of them. A unit that a scheme
// makes dead (its weights negative, its gradient 0) never learns: its class is answered as class 0, whatever the
// training does. So accuracy is 1 less the share of dead units, and schemes differ by as much as is planted.
constexpr int classes = 20;
constexpr double unlucky = 0.1;  // share of units that are dead in every scheme alike: the seed's luck
constexpr double careless =
    0.1;  // share of the others that "default" and "same" lose besides, each by its own draw
constexpr double planted = (classes - 1) * (1 - unlucky) * careless / classes;  // that "careful" is better

data::Dataset pixels(int copies) {
  data::Dataset set{.name = "pixels",
                    .count = classes * copies,
                    .height = 4,
                    .width = 5,
                    .classes = classes,
                    .mean = {0},
                    .stddev = {1}};
  for (int i = 0; i < classes * copies; ++i) {
    for (int pixel = 0; pixel < classes; ++pixel) set.images.push_back(pixel == i % classes ? 255 : 0);
    set.labels.push_back(i % classes);
  }
  return set;
}

/// Which units a scheme makes dead with a seed.
std::vector<bool> dead_units(const std::string& scheme, std::uint64_t seed) {
  Luck shared(3 * seed), own(3 * seed + (scheme == "default" ? 1 : 2));
  std::vector<bool> dead;
  for (int unit = 0; unit < classes; ++unit) {
    const bool alike = shared.uniform() < unlucky, besides = own.uniform() < careless;
    dead.push_back(alike || (scheme != "careful" && besides));
  }
  return dead;
}

double expected_accuracy(const std::string& scheme, std::uint64_t seed) {
  const auto dead = dead_units(scheme, seed);
  return 1 - static_cast<double>(std::count(dead.begin() + 1, dead.end(), true)) / classes;
}

Grid grid_of(std::vector<std::uint64_t> seeds) {
  Grid grid =
      small_grid(parse_schemes("default; same={*=default}; careful={*=default}"), std::move(seeds), 10);
  grid.models = {"a unit a class"};
  grid.training.optimizer.lr = 5;
  grid.jobs = 2;
  grid.build = [](const std::string&) -> nn::ModulePtr {
    return std::make_shared<nn::Sequential>(
        "flatten", nn::Flatten(), "fc1", nn::Linear({.in = classes, .out = classes, .bias = false}), "relu",
        nn::ReLU(), "fc2", nn::Linear({.in = classes, .out = classes, .bias = false}));
  };
  grid.initialize = [draw = grid.initialize](nn::Module& model, const Scheme& scheme, std::uint64_t seed,
                                             const data::Dataset& training) {
    const std::string plan = draw(model, scheme, seed, training);
    const auto dead = dead_units(scheme.label, seed);
    real* weight = model.parameter("fc1.weight")->value.data();
    for (int unit = 0; unit < classes; ++unit)
      for (int pixel = 0; pixel < classes; ++pixel)
        *weight++ = dead[static_cast<std::size_t>(unit)] ? real(-1) : unit == pixel ? real(1) : real(0);
    return plan;
  };
  return grid;
}

const Summary& row_of(const std::vector<Summary>& rows, const std::string& scheme) {
  return *std::find_if(rows.begin(), rows.end(), [&](const Summary& row) { return row.scheme == scheme; });
}

}  // namespace

TEST_CASE("grid: a planted difference is found by training, and where there is none none is found") {
  constexpr std::size_t grids = 60, seeds_of_each = 8;
  std::vector<std::uint64_t> seeds;
  for (std::uint64_t seed = 0; seed < grids * seeds_of_each; ++seed) seeds.push_back(seed);
  const Grid grid = grid_of(seeds);
  const data::Sets sets{pixels(4), {}, pixels(1)};
  const std::atomic<bool> interrupted{false};
  const std::vector<Run> runs = run_grid(grid, sets, {}, interrupted).runs;
  REQUIRE(runs.size() == 3 * seeds.size());
  for (const Run& run : runs) {
    REQUIRE(run.status == Status::ok);
    REQUIRE_MESSAGE(run.test_accuracy == doctest::Approx(expected_accuracy(run.scheme, run.seed)), run.scheme,
                    " with seed ", run.seed);
  }
  Settings settings{.schemes = {"default", "same", "careful"}, .classes = classes};

  // In each grid of a few seeds, as people make them.
  Count found{0, grids}, covered{0, grids}, false_star{0, grids}, same_covered{0, grids}, best{0, grids};
  for (std::size_t first = 0; first < seeds.size(); first += seeds_of_each) {
    settings.seeds.assign(seeds.begin() + static_cast<std::ptrdiff_t>(first),
                          seeds.begin() + static_cast<std::ptrdiff_t>(first + seeds_of_each));
    const auto part = static_cast<std::ptrdiff_t>(3 * first);
    const std::vector<Run> some(runs.begin() + part, runs.begin() + part + 3 * seeds_of_each);
    const auto rows = summarize(settings, some);
    const Summary &careful = row_of(rows, "careful"), &same = row_of(rows, "same");
    CHECK(careful.pairs == seeds_of_each);
    found.times += careful.finding == Finding::better;
    covered.times += careful.difference_interval.contains(planted);
    false_star.times += same.significant;
    same_covered.times += same.difference_interval.contains(0);
    best.times += careful.among_best;
    CHECK(careful.finding != Finding::worse);
  }
  MESSAGE("found in " << found.share() << ", covered in " << covered.share() << ", false stars in "
                      << false_star.share());
  CHECK(found.share() > 0.7);
  CHECK(covered.near(0.95));
  CHECK(false_star.at_most(0.05));
  CHECK(same_covered.near(0.95));
  CHECK(best.at_least(0.95));

  // In one of all seeds, to a point: within four standard errors, as chance allows once in 16,000.
  settings.seeds = seeds;
  Comparison whole{.settings = settings, .runs = runs, .summary = summarize(settings, runs)};
  const Summary &careful = row_of(whole.summary, "careful"), &same = row_of(whole.summary, "same");
  CHECK(careful.finding == Finding::better);
  const auto off = [](const Summary& row, double truth) {
    return std::abs(row.difference_to_default - truth) / row.difference_interval.half_width();
  };
  CHECK(careful.difference_interval.half_width() < 0.01);
  CHECK(off(careful, planted) < 2);
  CHECK(off(same, 0) < 2);
  // What the schemes share with a seed is paired out.
  CHECK(careful.pairing_gain > 1.2);
  CHECK(verdict(whole, "a unit a class").starts_with("careful has the highest mean"));
}
