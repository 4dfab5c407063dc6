// Each scheme's own learning rate: chosen by other seeds, on validation images or other seeds' budgets, with
// an equal budget for every scheme, and no dearer than the grid that it precedes.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <set>

#include <fanin/compare/grid_tuning.hpp>
#include <fanin/compare/label_budget.hpp>
#include <fanin/compare/rate_search.hpp>
#include <fanin/compare/results_json.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/datasets.hpp>
#include <fanin/models.hpp>
#include <fanin/start/initialize.hpp>

#include "tests/compare/small_grid.hpp"
#include "tests/io/scratch.hpp"

using namespace fanin;
using compare::Grid;
using compare::Job;
using compare::RatePick;
using compare::Run;
using compare::Subject;

namespace {

const data::Sets& samples() {
  static const data::Sets sets = datasets::load_sets("synthetic(count=400)");
  return sets;
}

Grid grid(std::vector<compare::Scheme> schemes, std::vector<std::uint64_t> seeds) {
  return small_grid(std::move(schemes), std::move(seeds), 4);
}

compare::GridResult found(const Grid& one, const data::Sets& sets = samples(),
                          const compare::GridProgress& progress = {}) {
  const std::atomic<bool> interrupted{false};
  return compare::run_grid(one, sets, progress, interrupted);
}

std::vector<std::string> timeless(std::vector<Run> runs) {
  std::vector<std::string> all;
  for (Run& run : runs) {
    run.seconds = run.samples_per_s = 0;
    for (auto& epoch : run.history) epoch.seconds = 0;
    all.push_back(compare::run_json(run));
  }
  return all;
}

/// A race of invented runs: accuracy falls from its best with the distance to a rate of the scheme's own, in
/// powers of ten; from a hundred times that rate on, runs diverge.
struct Invented {
  std::map<std::string, double> best;  // by scheme
  std::vector<Job> jobs = {};

  compare::RunJobs runner() {
    return [this](const std::vector<Job>& wanted) {
      std::vector<std::optional<Run>> runs;
      for (const Job& job : wanted) {
        jobs.push_back(job);
        const double away = std::log10(job.lr / best.at(job.scheme->label));
        Run run{.model = job.subject->name, .scheme = job.scheme->label, .seed = job.seed, .lr = job.lr};
        if (away >= 2) run.status = compare::Status::diverged;
        run.validation_accuracy = away >= 2 ? 0.1 : std::max(0.1, 0.9 - 0.2 * away * away);
        run.validation_loss = 1 + away * away;
        runs.emplace_back(run);
      }
      return runs;
    };
  }
};

}  // namespace

TEST_CASE(
    "tuning: each scheme finds its rate, also beyond the axis, by trials as many and as long as the others'") {
  Grid one =
      grid({{"default", "default"}, {"wild", "normal(std=1)"}, {"tiny", "normal(std=0.001)"}}, {0, 1, 2});
  one.tune = true;
  const auto subjects = compare::subjects(one);
  Invented race{.best = {{"default", 0.1}, {"wild", 0.0009}, {"tiny", 40}}};
  const auto tuning = compare::tune_rates(one, subjects, {0.15}, race.runner());
  REQUIRE(tuning.rates.size() == 1);
  CHECK(tuning.rates[0].common == 0.1);
  REQUIRE(tuning.rates[0].own.size() == 3);
  CHECK(tuning.rates[0].own[0] == 0.1);
  CHECK(tuning.rates[0].own[1] == doctest::Approx(0.0009));  // one step below 0.003
  CHECK(tuning.rates[0].own[2] == doctest::Approx(11));      // as far as the search goes

  std::map<std::string, double> spent;
  std::map<std::string, int> trials;
  for (const Job& job : race.jobs) {
    spent[job.scheme->label] += job.tuning_share;
    ++trials[job.scheme->label];
    CHECK(std::find(one.seeds.begin(), one.seeds.end(), job.seed) == one.seeds.end());
  }
  for (const auto& one_scheme : spent) CHECK(one_scheme.second == doctest::Approx(3));
  for (const auto& one_scheme : trials)
    CHECK(one_scheme.second == static_cast<int>(compare::tuning_runs(one)));
  CHECK(tuning.runs.size() == race.jobs.size());

  REQUIRE(tuning.windows.size() == 3);
  CHECK_FALSE(tuning.windows[0].at_edge);
  CHECK(tuning.windows[0].subject == "mlp(hidden=16)");
  CHECK(tuning.windows[0].share == 0.125);
  CHECK(tuning.windows[0].rates == 8);
  CHECK(tuning.windows[1].largest_stable == 0.03);  // 0.1 is a hundred times its best
  CHECK(tuning.windows[2].at_edge);                 // it would have gone on
  CHECK(tuning.windows[2].open_high);
}

TEST_CASE("tuning: every round has seeds of its own, none that is reported, whatever these are") {
  Grid one = grid({{"default", "default"}}, {1'000'001, 7});
  one.tune = true;
  const auto seeds = compare::tuning_seeds(one);
  CHECK(std::set<std::uint64_t>(seeds.begin(), seeds.end()).size() == seeds.size());
  CHECK(std::find(seeds.begin(), seeds.end(), 1'000'001) == seeds.end());
  const auto subjects = compare::subjects(one);
  Invented race{.best = {{"default", 0.1}}};
  compare::tune_rates(one, subjects, {0.15}, race.runner());
  std::map<double, std::set<std::uint64_t>> by_share;
  for (const Job& job : race.jobs) by_share[job.tuning_share].insert(job.seed);
  std::set<std::uint64_t> all;
  std::size_t count = 0;
  for (const auto& round : by_share) {
    all.insert(round.second.begin(), round.second.end());
    count += round.second.size();
  }
  CHECK(all.size() == count);
}

TEST_CASE("tuning: of a given axis, the common rate is what is best for all schemes together") {
  Grid one = grid({{"a", "default"}, {"b", "xavier_normal"}}, {0, 1, 2});
  one.tune = true;
  one.rates = {1, 0.01, 0.1};
  const auto subjects = compare::subjects(one);
  CHECK(subjects.size() == 1);
  Invented race{.best = {{"a", 0.01}, {"b", 1}}};
  const auto tuning = compare::tune_rates(one, subjects, {0.15}, race.runner());
  CHECK(tuning.rates[0].common == 0.1);
  CHECK(tuning.rates[0].own[0] == doctest::Approx(0.01).epsilon(0.5));
  CHECK(tuning.rates[0].own[1] == doctest::Approx(1).epsilon(0.5));
}

TEST_CASE(
    "tuning: it costs no more steps than the grid that it precedes, and all together no more than three") {
  for (const char* schedule : {"constant", "cosine"}) {
    for (const int epochs : {1, 4}) {
      for (const std::size_t seeds : {2u, 3u, 5u}) {
        CAPTURE(epochs);
        CAPTURE(seeds);
        Grid one = grid({{"default", "default"}, {"tiny", "normal(std=0.001)"}}, {});
        for (std::size_t i = 0; i < seeds; ++i) one.seeds.push_back(i);
        one.training.epochs = epochs;
        one.training.schedule = optim::Schedule::parse(schedule);
        one.models = {"mlp(hidden=4)"};
        const auto plain = found(one);
        one.tune = true;
        const auto tuned = found(one);
        const auto steps = [](const std::vector<Run>& runs) {
          Index sum = 0;
          std::set<std::string> seen;  // a run that is reported as both was made once
          for (const Run& run : runs)
            if (seen.insert(fmt::format("{} {} {}", run.scheme, run.seed, run.lr)).second) sum += run.steps;
          return sum;
        };
        Index whole = 0, tuning = 0;
        for (const Run& run : plain.runs) whole += run.steps;
        for (const Run& run : tuned.tuning) tuning += run.steps;
        CHECK(whole > 0);
        CHECK(tuning > whole / 2);
        CHECK(tuning <= whole);
        CHECK(tuning + steps(tuned.runs) <= 3 * whole);
        CHECK(tuned.tuning.size() == 2 * compare::tuning_runs(one));
        for (const Run& run : tuned.tuning) {
          CHECK(std::isfinite(run.validation_accuracy));
          CHECK(std::isnan(run.test_accuracy));
          CHECK(std::isnan(run.test_loss));
          CHECK(run.history.empty());
        }
      }
    }
  }
}

TEST_CASE(
    "tuning: runs at the common rate and at each scheme's own stand side by side, and jobs change no bit") {
  Grid one = grid({{"default", "default"}, {"tiny", "normal(std=0.001)"}}, {3, 4});
  one.tune = true;
  one.rates = {0.02};
  const auto alone = found(one);
  REQUIRE(alone.runs.size() == 8);
  std::map<std::string, double> own;
  for (const auto& window : alone.windows) own[window.scheme] = window.best_lr;
  REQUIRE(own.size() == 2);
  for (std::size_t i = 0; i < 8; i += 2) {
    const Run &common = alone.runs[i], &best = alone.runs[i + 1];
    CHECK(common.rate == RatePick::common);
    CHECK(best.rate == RatePick::own);
    CHECK(common.lr == 0.02);
    CHECK(best.lr == own.at(best.scheme));
    CHECK(common.scheme == best.scheme);
    CHECK(common.seed == best.seed);
    CHECK(common.optimizer == "sgd");
    CHECK(common.batch == 20);
    if (common.lr == best.lr) CHECK(common.test_loss == best.test_loss);
    CHECK(std::isfinite(best.validation_accuracy));
  }
  CHECK(own.at("tiny") != 0.02);  // else nothing was tried here
  one.jobs = 2;
  const auto two = found(one);
  CHECK(timeless(two.runs) == timeless(alone.runs));
  CHECK(timeless(two.tuning) == timeless(alone.tuning));
}

TEST_CASE("tuning: a grid that was interrupted while it tuned goes on to the same bits") {
  const Scratch scratch;
  Grid one = grid({{"default", "default"}, {"tiny", "normal(std=0.001)"}}, {0, 1});
  one.tune = true;
  const auto whole = found(one);
  one.directory = scratch.folder();
  for (const int stop : {5, 17, 29}) {
    std::atomic<bool> interrupted{false};
    int ended = 0;
    const auto count = [&](const Run&, int, int, bool reused) {
      if (!reused && ++ended == stop) interrupted = true;
    };
    compare::run_grid(one, samples(), {.on_run = count, .on_tuning = count}, interrupted);
  }
  int reused = 0;
  const auto again = found(one, samples(), {.on_tuning = [&](const Run&, int, int total, bool kept) {
                             CHECK(total == static_cast<int>(2 * compare::tuning_runs(one)));
                             reused += kept;
                           }});
  CHECK(reused > 20);
  CHECK(timeless(again.tuning) == timeless(whole.tuning));
  CHECK(timeless(again.runs) == timeless(whole.runs));
}

TEST_CASE(
    "tuning: with few labels, a run trains on its seed's budget and is scored on others', never on its own") {
  const data::Dataset& all = samples().training;
  const auto others = std::vector<std::uint64_t>{11, 12};
  const data::Sets sets = compare::budget_for_tuning(all, 3, 10, others);
  CHECK(sets.training.images == all.take_per_class(3, 10).images);
  CHECK(sets.test.count == 0);
  const auto pictures = [](const data::Dataset& data) {
    std::set<std::vector<std::uint8_t>> all_pictures;
    for (Index i = 0; i < data.count; ++i) all_pictures.emplace(data.image(i).begin(), data.image(i).end());
    return all_pictures;
  };
  const auto trained = pictures(sets.training), scored = pictures(sets.validation);
  auto paid = pictures(all.take_per_class(3, 11));
  paid.merge(pictures(all.take_per_class(3, 12)));
  REQUIRE(pictures(all).size() == static_cast<std::size_t>(all.count));  // else pictures do not tell
  for (const auto& picture : trained) paid.erase(picture);
  CHECK(scored == paid);
  CHECK(compare::scoring_budgets(3, 10) == 10);
  CHECK(compare::scoring_budgets(50, 10) == 2);
  CHECK(compare::scoring_budgets(1000, 10) == 1);
  // All there is: no other budget has another image.
  CHECK_THROWS_WITH_AS(compare::budget_for_tuning(all.take_per_class(3, 0), 3, 10, others),
                       doctest::Contains("no images beyond them"), Error);

  Grid one = grid({{"default", "default"}}, {0, 1});
  one.tune = true;
  one.labels_per_class = {3};
  one.least_steps = 24;
  const auto tuned = found(one);
  CHECK(tuned.runs.size() == 4);
  CHECK(tuned.tuning.size() == compare::tuning_runs(one));
  for (const Run& run : tuned.tuning) CHECK(std::isfinite(run.validation_loss));
  bool said = false;
  for (const auto& fact : tuned.facts)
    said = said || fact.second == "3 labels per class: the images of 10 other seeds' budgets";
  CHECK(said);
}

TEST_CASE("grid: learning rates, optimizers and batches are axes, a table for each place on them") {
  Grid one = grid({{"default", "default"}, {"zeros", "zeros"}}, {0});
  one.training.epochs = 1;
  one.rates = {0.01, 0.1, 0.3};
  one.optimizers = {optim::update_rule_named("sgd"), optim::update_rule_named("adam")};
  one.batches = {20, 40};
  const auto subjects = compare::subjects(one);
  REQUIRE(subjects.size() == 12);
  CHECK(subjects[0].name == "mlp(hidden=16), sgd, batch 20, lr 0.01");
  CHECK(subjects[0].window == "mlp(hidden=16), sgd, batch 20");
  CHECK(subjects[11].name == "mlp(hidden=16), adam, batch 40, lr 0.3");
  const auto axes = found(one);
  REQUIRE(axes.runs.size() == 24);
  std::set<double> losses;
  for (const Run& run : axes.runs) {
    CHECK(run.rate == RatePick::common);
    CHECK(run.model.find("lr " + fmt::format("{}", run.lr)) != std::string::npos);
    if (run.scheme == "default") losses.insert(run.test_loss);
  }
  CHECK(losses.size() == 12);
  REQUIRE(axes.windows.size() == 8);
  CHECK(axes.windows[0].rates == 3);
  CHECK(axes.windows[0].share == 1);
  CHECK(axes.windows[1].scheme == "zeros");
  CHECK(std::isnan(axes.windows[1].factor));
  // The same place on the axes is the same run, whatever else the grid has.
  Grid single = grid({{"default", "default"}}, {0});
  single.training.epochs = 1;
  single.training.batch = 40;
  single.training.optimizer.rule = optim::update_rule_named("adam");
  single.training.validation = 0.1;
  single.rates = {0.3};
  const auto alone = found(single);
  REQUIRE(alone.runs.size() == 1);
  CHECK(alone.runs[0].model == "mlp(hidden=16)");
  CHECK(alone.runs[0].test_loss == axes.runs[22].test_loss);
  CHECK(alone.windows.empty());
  // Each rule's own rate, where none is given.
  one.rates = {};
  CHECK(compare::common_rate(one, compare::subjects(one)[0]) == 0.1);
  CHECK(compare::common_rate(one, compare::subjects(one)[3]) == 0.001);

  for (const auto& rates : {std::vector{0.1, 0.1}, std::vector{0.1, -1.0}, std::vector{0.1, 0.0},
                            std::vector{0.1, HUGE_VAL}, std::vector<double>(65, 0.1)}) {
    one.rates = rates;
    CHECK_THROWS_AS(compare::subjects(one), Error);
  }
}

TEST_CASE("grid: with until, schemes get seeds as long as their difference is not known well enough") {
  Grid one = grid({{"default", "default"}, {"zeros", "zeros"}, {"also zeros", "zeros"}}, {});
  for (std::uint64_t seed = 0; seed < 10; ++seed) one.seeds.push_back(seed);
  one.training.epochs = 1;
  one.models = {"mlp(hidden=4)"};
  one.until = 2;  // nothing is wider
  CHECK(found(one).runs.size() == 9);
  one.until = 1e-9;
  one.baseline = "zeros";
  const auto all = found(one);
  std::map<std::string, int> runs;
  for (const Run& run : all.runs) ++runs[run.scheme];
  CHECK(runs["default"] == 10);
  CHECK(runs["zeros"] == 10);
  CHECK(runs["also zeros"] == 3);  // equal differences: more of the same would narrow nothing
  CHECK(std::is_sorted(all.runs.begin(), all.runs.end(),
                       [](const Run& a, const Run& b) { return a.seed < b.seed; }));
}
