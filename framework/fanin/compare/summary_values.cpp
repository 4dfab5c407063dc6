#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <fanin/compare/interval_text.hpp>
#include <fanin/compare/summary.hpp>
#include <fanin/compare/summary_cells.hpp>
#include <fanin/compare/summary_values.hpp>
#include <fanin/compare/verdict.hpp>
#include <fanin/core/format.hpp>

namespace fanin::compare {
namespace {

/// A share with its interval, in percent; `text` is the share as people read it.
Table::Cell interval_cell(const std::string& text, double center, const statistics::Interval& interval) {
  if (!std::isfinite(center)) return {no_value, {unknown, unknown, unknown}};
  const std::string reach = interval_text(center, interval);
  return {reach.empty() ? text : text + " " + reach, {100 * center, 100 * interval.low, 100 * interval.high}};
}

Table::Cell share_cell(double share) {
  return {std::isfinite(share) ? fmt::format("{:.0f}", 100 * share) : no_value, {100 * share}};
}

Table::Row row_of(const Summary& row, bool best) {
  Table::Cell difference = interval_cell(text::signed_percent(row.difference_to_default),
                                         row.difference_to_default, row.difference_interval);
  if (row.is_default) difference.text = baseline_word(row.scheme);
  if (row.significant) difference.text += " *";
  return {.cells = {{row.model},
                    {rate_picks.name_of(row.rate)},
                    {row.scheme},
                    interval_cell(text::percent(row.mean), row.mean, row.interval),
                    {!row.among_best ? no_value
                     : best          ? "best"
                                     : "may be"},
                    difference,
                    share_cell(row.beats),
                    {row.finding == Finding::none ? no_value : findings.name_of(row.finding)},
                    count_cell(row.diverged, row.runs),
                    count_cell(row.failed, row.runs),
                    steps_cell(row)},
          .scheme = row.scheme,
          .reference = row.is_default};
}

}  // namespace

Table summary_values(const Comparison& comparison) {
  const std::string baseline = default_scheme(comparison.settings, comparison.runs);
  Table table{
      .name = "summary",
      .caption = "Test accuracy by scheme, with 95 % intervals; * differs from " + named_baseline(baseline) +
                 " at 0.05 (paired t-test, Holm).",
      .columns = {{"model", true},
                  {"rate", true},
                  {"scheme", true},
                  {"test accuracy, %", false, {"accuracy", "accuracy_low", "accuracy_high"}},
                  {"best", true},
                  {"difference to " + baseline, false, {"difference", "difference_low", "difference_high"}},
                  {"beats it, %", false, {"beats"}},
                  {"finding", true},
                  {"diverged", false, {"diverged"}},
                  {"failed", false, {"failed"}},
                  {fmt::format("steps to {} %", text::percent(comparison.settings.threshold, 0)),
                   false,
                   {"steps_to_threshold"}}}};
  for (const std::string& model : models_of(comparison)) {
    for (const RatePick rate : {RatePick::common, RatePick::own}) {
      const std::vector<Summary> rows = ranking(comparison, model, rate);
      for (const Summary& row : rows) table.rows.push_back(row_of(row, &row == &rows.front()));
    }
  }
  // What says the same of all rows: the rate where there is one kind, failures where there were none.
  const auto drop = [&](const char* title) {
    const auto found = std::find_if(table.columns.begin(), table.columns.end(),
                                    [&](const Table::Column& column) { return column.title == title; });
    const auto at = found - table.columns.begin();
    table.columns.erase(found);
    for (Table::Row& row : table.rows) row.cells.erase(row.cells.begin() + at);
  };
  const auto all = [&](auto&& what) {
    return std::all_of(comparison.summary.begin(), comparison.summary.end(), what);
  };
  if (all([](const Summary& row) { return row.rate == RatePick::common; })) drop("rate");
  if (all([](const Summary& row) { return row.failed == 0; })) drop("failed");
  return table;
}

}  // namespace fanin::compare
