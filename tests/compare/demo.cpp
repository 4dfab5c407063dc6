#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fanin/compare/outputs.hpp>
#include <fanin/compare/summary.hpp>
#include <fanin/compare/summary_table.hpp>
#include <fanin/compare/verdict.hpp>

#include "tests/compare/synthetic.hpp"

using namespace fanin::compare;
using namespace fanin::probe;

// For whoever works on the report: build/tests -tc=demo* --no-skip, then open out/demo/report.html.
TEST_CASE("demo: show the table and write the report of invented results" * doctest::skip()) {
  const Comparison comparison = synthetic_comparison();
  for (int width : {100, 78, 60, 44}) fmt::print("{}\n", summary_table(comparison, width));
  for (const std::string& model : models_of(comparison))
    fmt::print("{}: {}\n", model, verdict(comparison, model));
  write_outputs(comparison, "out/demo");
}

// Names too long, hostile or many, one model, one seed, a deep network: the page must stay readable.
TEST_CASE("demo: write a report of awkward results" * doctest::skip()) {
  Comparison comparison = synthetic_comparison();
  std::erase_if(comparison.runs, [](const Run& run) { return run.model != "lenet" || run.seed != 0; });
  const std::vector<Run> runs = comparison.runs;
  for (int copy = 0; copy < 4; ++copy) {
    Run run = runs[7 + static_cast<std::size_t>(copy)];
    run.scheme = fmt::format(
        "conv*.weight = kaiming_normal(mode=fan_out, nonlinearity=leaky_relu); fc{}.weight = "
        "orthogonal(gain=1.41421); *.bias = constant(0.01) <b>\"{}\"</b>",
        copy, copy);
    for (int layer = 0; layer < 20; ++layer)
      run.profile_start.push_back({fmt::format("block{}.conv", layer), 0, 0.5, 0.1, 0});
    run.plan = run.scheme;
    comparison.runs.push_back(run);
  }
  for (Run& run : comparison.runs)
    run.profile_start.insert(run.profile_start.end(), comparison.runs.back().profile_start.begin() + 5,
                             comparison.runs.back().profile_start.end());
  comparison.settings.models = {"lenet"};
  comparison.settings.seeds = {0};
  comparison.summary = summarize(comparison.settings, comparison.runs);
  write_outputs(comparison, "out/awkward");
  fmt::print("{}", summary_table(comparison));
}
