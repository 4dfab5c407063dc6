#include <doctest/doctest.h>
#include <fmt/format.h>

#include "framework/lab/summary_table.hpp"
#include "framework/lab/verdict.hpp"
#include "tests/lab/synthetic.hpp"

using namespace fanin::lab;

TEST_CASE("demo: show the table of invented results" * doctest::skip()) {
  const Comparison comparison = synthetic_comparison();
  for (int width : {100, 78, 60, 44}) fmt::print("{}\n", summary_table(comparison, width));
  for (const std::string& model : models_of(comparison)) fmt::print("{}: {}\n", model, verdict(comparison, model));
}
