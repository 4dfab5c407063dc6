#include <doctest/doctest.h>

#include <cmath>

#include <fanin/compare/answer.hpp>
#include <fanin/compare/interval_text.hpp>
#include <fanin/compare/results_json.hpp>
#include <fanin/compare/summary.hpp>
#include <fanin/compare/summary_table.hpp>
#include <fanin/compare/verdict.hpp>

#include "tests/compare/made_up_runs.hpp"

using namespace fanin;
using namespace fanin::compare;

namespace {

/// Five seeds of five schemes: accuracies of the baseline, and what each scheme adds to them.
Comparison five_seeds() {
  const double baseline[] = {0.880, 0.884, 0.876, 0.882, 0.878};
  const std::pair<const char*, std::vector<double>> schemes[] = {
      {"default", {0, 0, 0, 0, 0}},
      {"alias", {0, 0, 0, 0, 0}},
      {"better", {0.020, 0.021, 0.019, 0.020, 0.021}},
      {"nearly", {0.001, -0.001, 0.0005, 0, -0.0008}},
      {"worse", {-0.030, -0.031, -0.029, -0.03, -0.0305}},
      {"unclear", {0.02, -0.02, 0.01, -0.03, 0.015}}};
  Comparison comparison{
      .settings = made_up_settings({"default", "alias", "better", "nearly", "worse", "unclear"}, 5)};
  for (const auto& one : schemes) {
    for (std::size_t seed = 0; seed < 5; ++seed)
      comparison.runs.push_back(made_up_run(one.first, seed, baseline[seed] + one.second[seed]));
  }
  comparison.summary = summarize(comparison.settings, comparison.runs);
  return comparison;
}

}  // namespace

TEST_CASE("each scheme is found better, worse, equivalent, the same or undecided") {
  const Comparison comparison = five_seeds();
  const auto& rows = comparison.summary;
  REQUIRE(rows.size() == 6);
  CHECK(rows[0].finding == Finding::none);
  CHECK(rows[1].finding == Finding::same);
  CHECK(rows[2].finding == Finding::better);
  CHECK(rows[3].finding == Finding::equivalent);
  CHECK(rows[4].finding == Finding::worse);
  CHECK(rows[5].finding == Finding::undecided);
  // The same in every seed shows no spread: no interval of zero width, and nothing is claimed of other seeds.
  CHECK_FALSE(rows[1].difference_interval.known());
  CHECK_FALSE(rows[1].equivalent);
  const std::string text = verdict(comparison, "m");
  CHECK(text.starts_with("better has the highest mean: 90.02 ± "));
  CHECK(text.find("It beats the default with a probability of 100 % [48, 100].") != std::string::npos);
  CHECK(text.find("No difference of more than ±0.5 points to the default: nearly.") != std::string::npos);
  CHECK(text.find("The same as the default in every seed: alias.") != std::string::npos);
  CHECK(text.find("Significantly worse than the default: worse.") != std::string::npos);
  CHECK(text.find("unclear") == text.find("Not told from the best: unclear") + 24);
}

TEST_CASE("the margin of equivalence is a setting") {
  Comparison comparison = five_seeds();
  comparison.settings.margin = 0.0005;
  CHECK(summarize(comparison.settings, comparison.runs)[3].finding == Finding::undecided);
  comparison.settings.margin = 0.05;
  const auto rows = summarize(comparison.settings, comparison.runs);
  CHECK(rows[2].equivalent);
  CHECK(rows[2].finding == Finding::better);
}

TEST_CASE("the probability of beating counts ties half, and a dead run beats nobody") {
  const Settings settings = made_up_settings({"a", "b"}, 4);
  std::vector<Run> runs;
  const double a[] = {0.5, 0.5, 0.5, 0.07}, b[] = {0.6, 0.5, 0.7, unknown};
  for (std::size_t seed = 0; seed < 4; ++seed) {
    runs.push_back(made_up_run("a", seed, a[seed]));
    runs.push_back(made_up_run("b", seed, b[seed]));
  }
  runs.back().status = Status::diverged;  // counts 10 %, above the 7 % of a
  const Summary row = summarize(settings, runs)[1];
  CHECK(row.pairs == 4);
  CHECK(row.beats == 0.75);
  CHECK(row.beats_interval == statistics::share_interval(3, 4));
}

TEST_CASE("those that may be the best are marked, unless all are dead") {
  const auto rows = five_seeds().summary;
  std::vector<std::string> best;
  for (const Summary& row : rows)
    if (row.among_best) best.push_back(row.scheme);
  CHECK(best == std::vector<std::string>{"better", "unclear"});

  std::vector<Run> runs;
  for (std::size_t seed = 0; seed < 3; ++seed) {
    for (const char* scheme : {"a", "b"}) {
      runs.push_back(made_up_run(scheme, seed, 0.3));
      runs.back().status = scheme[0] == 'a' ? Status::failed : Status::diverged;
    }
  }
  for (const Summary& row : summarize(made_up_settings({"a", "b"}, 3), runs)) {
    CHECK(row.mean == doctest::Approx(0.1));
    CHECK_FALSE(row.interval.known());
    CHECK_FALSE(row.among_best);
    CHECK_FALSE(row.significant);
    CHECK(row.finding == (row.is_default ? Finding::none : Finding::same));
  }
}

TEST_CASE("what is told of one seed is told as that") {
  const auto rows =
      summarize(made_up_settings({"a", "b"}, 1), {made_up_run("a", 0, 0.5), made_up_run("b", 0, 0.6)});
  CHECK_FALSE(rows[1].interval.known());
  CHECK_FALSE(rows[1].difference_interval.known());
  CHECK(rows[1].beats == 1);
  CHECK(rows[1].beats_interval.low == doctest::Approx(0.025));
  CHECK(rows[1].finding == Finding::none);
  CHECK(std::isnan(rows[1].equivalence_p));
  CHECK(rows[0].among_best);
}

TEST_CASE("the answer says that a scheme wins only where all others are significantly below it") {
  const auto said = [](const std::vector<double>& accuracies, const std::vector<double>& of_zeros) {
    Comparison comparison{.settings = made_up_settings({"default", "zeros"}, accuracies.size())};
    for (std::size_t seed = 0; seed < accuracies.size(); ++seed) {
      comparison.runs.push_back(made_up_run("default", seed, accuracies[seed]));
      comparison.runs.push_back(made_up_run("zeros", seed, of_zeros[seed]));
    }
    comparison.summary = summarize(comparison.settings, comparison.runs);
    return answer(comparison);
  };
  CHECK(said({0.80, 0.81, 0.79}, {0.1, 0.1, 0.1}) ==
        "On m, default wins: 80.00 % (95 % interval 77.52 to 82.48); zeros failed to learn.");
  CHECK(
      said({0.20, 0.60}, {0.1, 0.1}) ==
      "On m, default has the highest mean: 40.00 % (95 % interval 0.00 to 100.00); zeros failed to learn, but "
      "2 seeds are too few to tell.");
  CHECK(
      said({0.80}, {0.1}) ==
      "On m, default has the highest mean: 80.00 %; one seed cannot tell whether that is luck; zeros failed to "
      "learn, but one seed is too few to tell.");
  CHECK(said({0.1, 0.1}, {0.1, 0.1}) ==
        "On m, no scheme learned anything: the best, default, reaches 10.00 %.");
}

TEST_CASE("runs at the schemes' own rates are a table of their own, against the baseline at its own") {
  Comparison comparison = five_seeds();
  const std::size_t common = comparison.runs.size();
  for (std::size_t i = 0; i < common; ++i) {
    Run run = comparison.runs[i];
    if (run.scheme == "alias") continue;
    run.rate = RatePick::own;
    run.test_accuracy += run.scheme == "default" ? 0.05 : 0.01;
    comparison.runs.push_back(run);
  }
  comparison.summary = summarize(comparison.settings, comparison.runs);
  REQUIRE(comparison.summary.size() == 11);
  CHECK(comparison.summary[2].difference_to_default == doctest::Approx(0.0202));
  const Summary& own = comparison.summary[7];
  CHECK(own.scheme == "better");
  CHECK(own.rate == RatePick::own);
  CHECK(own.runs == 5);
  CHECK(own.difference_to_default == doctest::Approx(-0.0198));
  CHECK(ranking(comparison, "m").front().scheme == "better");
  CHECK(ranking(comparison, "m", RatePick::own).front().scheme == "default");
  CHECK(verdict(comparison, "m")
            .find("Each scheme at its own best rate: The default has the highest mean: 93.00 ± ") !=
        std::string::npos);
  const std::string first = answer(comparison);
  CHECK(first.starts_with("On m, better "));
  CHECK(first.find(" On m, each scheme at its own best learning rate, default ") != std::string::npos);
}

TEST_CASE("what pairing gains is told a scheme, and unknown where the runs are the same") {
  const auto rows = five_seeds().summary;
  CHECK(rows[2].seed_correlation > 0.9);
  CHECK(rows[2].pairing_gain > 3);
  CHECK(rows[5].pairing_gain < 1.2);
  CHECK(std::isnan(rows[1].pairing_gain));
}

TEST_CASE("an interval is written as ± where it is even, and as its ends where it was cut") {
  CHECK(interval_text(0.873, {0.867, 0.879}) == "± 0.60");
  CHECK(interval_text(0.873, {0.867, 0.879}, 2, 5) == "±  0.60");
  CHECK(interval_text(0.2223, {0, 0.7485}) == "[0.00, 74.85]");
  CHECK(interval_text(-0.34, {-1, 0.6251}, 1) == "[-100.0, 62.5]");
  CHECK(interval_text(0.1, {}) == "");
  Comparison comparison{
      .settings = made_up_settings({"a"}, 3),
      .runs = {made_up_run("a", 0, 0.1), made_up_run("a", 1, 0.1), made_up_run("a", 2, 0.4669)}};
  comparison.summary = summarize(comparison.settings, comparison.runs);
  CHECK(summary_table(comparison).find("22.23 [0.00, 74.8") != std::string::npos);
}

TEST_CASE("a finding and its intervals are read back from results.json") {
  const Comparison comparison = five_seeds();
  const auto again = comparison_from_json(comparison_json(comparison), "results.json").summary;
  REQUIRE(again.size() == comparison.summary.size());
  for (std::size_t i = 0; i < again.size(); ++i) {
    CHECK(again[i].finding == comparison.summary[i].finding);
    CHECK(again[i].among_best == comparison.summary[i].among_best);
    CHECK(again[i].difference_interval.known() == comparison.summary[i].difference_interval.known());
  }
  CHECK(again[2].difference_interval == comparison.summary[2].difference_interval);
  CHECK(again[2].beats_interval == comparison.summary[2].beats_interval);
}
