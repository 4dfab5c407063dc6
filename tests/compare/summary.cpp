#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include <fanin/compare/report_tables.hpp>
#include <fanin/compare/results_csv.hpp>
#include <fanin/compare/results_json.hpp>
#include <fanin/compare/summary.hpp>
#include <fanin/compare/summary_table.hpp>
#include <fanin/compare/summary_values.hpp>
#include <fanin/compare/verdict.hpp>
#include <fanin/core/format.hpp>
#include <fanin/statistics/statistics.hpp>

#include "tests/compare/synthetic.hpp"

using namespace fanin;
using namespace fanin::compare;
using namespace fanin::probe;
using namespace fanin::statistics;
using namespace fanin::text;

namespace {

Run run_of(const std::string& scheme, std::uint64_t seed, double accuracy, Status status = Status::ok) {
  Run run;
  run.model = "mlp";
  run.scheme = scheme;
  run.seed = seed;
  run.status = status;
  run.test_accuracy = accuracy;
  return run;
}

const Summary& row_of(const std::vector<Summary>& rows, const std::string& scheme) {
  for (const Summary& row : rows) {
    if (row.scheme == scheme) return row;
  }
  FAIL("no row for " << scheme);
  return rows.front();
}

}  // namespace

TEST_CASE("a difference is paired by seed, so what seeds have in common does not count as noise") {
  // Seeds differ by 10 points, the schemes by 1 ± 0.1.
  const std::vector<Run> runs = {run_of("a", 0, 0.70),  run_of("a", 1, 0.80),  run_of("a", 2, 0.90),
                                 run_of("b", 2, 0.911), run_of("b", 0, 0.710), run_of("b", 1, 0.809)};
  const auto rows = summarize({}, runs);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].is_default);
  CHECK(std::isnan(rows[0].difference_to_default));
  // The mean's interval would reach beyond 100 %.
  CHECK(rows[0].interval.low == doctest::Approx(0.8 - 4.3026527 * 0.1 / std::sqrt(3)));
  CHECK(rows[0].interval.high == 1);
  CHECK(rows[1].difference_to_default == doctest::Approx(0.01));
  CHECK(rows[1].difference_interval.half_width() == doctest::Approx(4.3026527 * 0.001 / std::sqrt(3)));
  CHECK(rows[1].pairs == 3);
  CHECK(rows[1].significant);
}

TEST_CASE("only seeds that both schemes ran are compared") {
  const std::vector<Run> runs = {run_of("a", 0, 0.5), run_of("a", 1, 0.6), run_of("b", 1, 0.7),
                                 run_of("b", 2, 0.9)};
  const Summary row = row_of(summarize({}, runs), "b");
  CHECK(row.pairs == 1);
  CHECK(row.difference_to_default == doctest::Approx(0.1));
  CHECK_FALSE(row.difference_interval.known());
  CHECK_FALSE(row.significant);
}

TEST_CASE("a scheme cannot look better by diverging") {
  Settings settings;
  settings.classes = 10;
  CHECK(counted_accuracy(settings, run_of("a", 0, 0.8, Status::diverged)) == 0.1);
  CHECK(counted_accuracy(settings, run_of("a", 0, 0.05, Status::diverged)) == 0.1);
  CHECK(counted_accuracy(settings, run_of("a", 0, unknown, Status::diverged)) == 0.1);
  const auto rows = summarize(settings, {run_of("a", 0, 0.8), run_of("a", 1, 0.8, Status::diverged)});
  CHECK(rows[0].mean == doctest::Approx(0.45));
  CHECK(rows[0].diverged == 1);
  CHECK(rows[0].runs == 2);
}

TEST_CASE("a failed run counts at chance level, an interrupted one not at all, and the verdict says so") {
  Comparison comparison;
  comparison.runs = {run_of("a", 0, 0.8), run_of("a", 1, 0.2, Status::interrupted),
                     run_of("a", 2, 0.7, Status::failed), run_of("b", 0, unknown, Status::failed),
                     run_of("c", 0, 0.9, Status::interrupted)};
  comparison.summary = summarize(comparison.settings, comparison.runs);
  CHECK(row_of(comparison.summary, "a").runs == 2);
  CHECK(row_of(comparison.summary, "a").failed == 1);
  CHECK(row_of(comparison.summary, "a").mean == doctest::Approx(0.45));
  CHECK(row_of(comparison.summary, "b").mean == 0.1);
  CHECK(row_of(comparison.summary, "c").runs == 0);
  CHECK(std::isnan(row_of(comparison.summary, "c").mean));
  const std::string text = verdict(comparison, "mlp");
  CHECK(text.find("Interrupted and not counted: 2") != std::string::npos);
  CHECK(text.find("Failed and counted at chance level: 2") != std::string::npos);
}

TEST_CASE("a seed that was run twice counts once") {
  const auto rows = summarize({}, {run_of("a", 0, 0.8), run_of("a", 0, 0.6), run_of("a", 1, 0.8)});
  CHECK(rows[0].runs == 2);
  CHECK(rows[0].mean == doctest::Approx(0.8));
}

TEST_CASE("steps to the threshold are a median in which never is infinitely many") {
  std::vector<Run> runs = {run_of("a", 0, 0.8), run_of("a", 1, 0.8), run_of("a", 2, 0.8)};
  for (Run& run : runs) run.threshold_sought = true;
  runs[0].steps_to_threshold = 100;
  runs[1].steps_to_threshold = 300;
  CHECK(summarize({}, runs)[0].steps_to_threshold == 300);
  runs[1].status = Status::diverged;
  CHECK_FALSE(summarize({}, runs)[0].steps_to_threshold);
  CHECK(summarize({}, runs)[0].threshold_sought);
}

TEST_CASE("steps that no run reached and steps that nobody looked for are two things, in every table") {
  Comparison comparison{.settings = {.threshold = 0.8}};
  for (const char* scheme : {"a", "b"})
    for (std::uint64_t seed : {0u, 1u}) comparison.runs.push_back(run_of(scheme, seed, 0.5));
  const auto shown = [&] {
    comparison.summary = summarize(comparison.settings, comparison.runs);
    return summary_table(comparison) + table_markdown(summary_values(comparison)) +
           table_csv(summary_values(comparison)) + table_markdown(tables(comparison, "mlp").front()) +
           comparison_csv(comparison);
  };
  const std::string none = shown();
  CHECK(none.find("steps to") == std::string::npos);
  CHECK(none.find("never") == std::string::npos);
  CHECK(none.find("inf") == std::string::npos);
  CHECK(comparison_json(comparison).find("steps_to_threshold") == std::string::npos);
  comparison.runs[0].threshold_sought = comparison.runs[1].threshold_sought = true;  // of "a"
  const std::string one = shown();
  CHECK(one.find("steps to 80 %") != std::string::npos);
  CHECK(one.find("never") != std::string::npos);
  CHECK(one.find("inf") != std::string::npos);
  const auto rows = comparison_from_json(comparison_json(comparison), "r").summary;
  CHECK(rows[0].threshold_sought);
  CHECK_FALSE(rows[0].steps_to_threshold);
  CHECK_FALSE(rows[1].threshold_sought);
}

TEST_CASE("rows follow the settings' order and the verdict names winner, losers and the diverged") {
  const Comparison comparison = synthetic_comparison();
  REQUIRE(comparison.summary.size() == 22);
  CHECK(comparison.summary[0].scheme == "default");
  CHECK(comparison.summary[21].scheme == "orthogonal(gain=1.414)");
  CHECK(models_of(comparison) == comparison.settings.models);
  const std::string text = verdict(comparison, "lenet");
  CHECK(text.starts_with(ranking(comparison, "lenet").front().scheme));
  CHECK(text.find("Significantly worse than the default: ") != std::string::npos);
  CHECK(text.find("Diverged: normal(std=1) (3 of 3).") != std::string::npos);
  CHECK(verdict(comparison, "absent") == "No run finished.");
}

TEST_CASE("the table keeps to its width, best scheme first") {
  Comparison comparison = synthetic_comparison();
  comparison.summary[3].scheme =
      "conv*.weight = kaiming_normal(mode=fan_out, nonlinearity=leaky_relu); *.bias = ünïform";
  for (int width : {10, 40, 60, 75, 76, 80, 100, 300}) {
    std::istringstream lines(summary_table(comparison, width));
    for (std::string line; std::getline(lines, line);) {
      CHECK_MESSAGE(text_width(line) <= std::clamp(width, 40, 200), line);
    }
  }
  const std::string table = summary_table(comparison);
  CHECK(table.find("orthogonal") < table.find("zeros"));
  CHECK(table.find("3/3") != std::string::npos);
  CHECK(table.find("steps to 80 %") != std::string::npos);
  CHECK(summary_table({}) == "no results\n");
}

TEST_CASE("text is measured and cut in code points") {
  CHECK(text_width("±…ü") == 3);
  CHECK(shorten("größer", 4) == "gr…r");
  CHECK(shorten("größer", 1) == "…");
  CHECK(shorten("größer", 6) == "größer");
  CHECK(pad_left("±", 3) == "  ±");
  CHECK(percent(unknown) == "-");
  CHECK(signed_percent(0.0042) == "+0.42");
}

TEST_CASE(
    "a scheme whose runs all diverged is not significantly better than one that is still below chance") {
  const Settings settings{.schemes = {"default", "dead"}, .default_scheme = "default", .classes = 10};
  const auto run = [](const char* scheme, std::uint64_t seed, double accuracy, Status status) {
    return Run{.model = "m", .scheme = scheme, .seed = seed, .status = status, .test_accuracy = accuracy};
  };
  for (const bool dead_is_default : {false, true}) {
    CAPTURE(dead_is_default);
    const char *live = dead_is_default ? "dead" : "default", *dead = dead_is_default ? "default" : "dead";
    std::vector<Run> runs;
    for (std::uint64_t seed = 0; seed < 3; ++seed) {
      runs.push_back(run(live, seed, 0.07, Status::ok));
      runs.push_back(run(dead, seed, unknown, Status::diverged));
    }
    for (const auto& row : summarize(settings, runs)) CHECK_FALSE(row.significant);
    CHECK(verdict({.settings = settings, .runs = runs, .summary = summarize(settings, runs)}, "m")
              .find("No scheme is above chance level") != std::string::npos);
    for (auto& one : runs) {
      if (one.status == Status::ok) one.test_accuracy = 0.9 + 0.01 * static_cast<double>(one.seed);
    }
    CHECK(summarize(settings, runs)[1].significant);
  }
}
