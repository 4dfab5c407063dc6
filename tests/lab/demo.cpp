#include <doctest/doctest.h>
#include <fmt/format.h>

#include "framework/lab/outputs.hpp"
#include "framework/lab/summary_table.hpp"
#include "framework/lab/verdict.hpp"
#include "tests/lab/synthetic.hpp"

using namespace fanin::lab;

// For whoever works on the report: build/tests -tc=demo* --no-skip, then open out/demo/report.html.
TEST_CASE("demo: show the table and write the report of invented results" * doctest::skip()) {
  const Comparison comparison = synthetic_comparison();
  for (int width : {100, 78, 60, 44}) fmt::print("{}\n", summary_table(comparison, width));
  for (const std::string& model : models_of(comparison))
    fmt::print("{}: {}\n", model, verdict(comparison, model));
  write_outputs(comparison, "out/demo");
}
