#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <fanin/compare/interval_text.hpp>
#include <fanin/compare/summary.hpp>
#include <fanin/compare/summary_cells.hpp>
#include <fanin/compare/summary_values.hpp>
#include <fanin/compare/verdict.hpp>
#include <fanin/compare/window_table.hpp>
#include <fanin/core/format.hpp>

namespace fanin::compare {
namespace {

/// A share with its interval, in percent for people; `text` is the share as they read it.
Table::Cell interval_cell(const std::string& text, double center, const statistics::Interval& interval) {
  if (!std::isfinite(center)) return {no_value, {unknown, unknown, unknown}};
  const std::string reach = interval_text(center, interval);
  return {reach.empty() ? text : text + " " + reach, {center, interval.low, interval.high}};
}

Table::Cell beats_cell(const Summary& row) {
  if (!std::isfinite(row.beats)) return {no_value, {unknown, unknown, unknown}};
  const auto& [low, high] = row.beats_interval;
  return {fmt::format("{:.0f} [{:.0f}, {:.0f}]", 100 * row.beats, 100 * low, 100 * high),
          {row.beats, low, high}};
}

Table::Cell rate_cell(double rate) { return {rate_text(rate), {rate}}; }

/// Where there are windows, every row has that of its scheme.
void add_windows(Table& table, const Comparison& comparison, const std::vector<Summary>& rows) {
  if (comparison.windows.empty()) return;
  table.columns.insert(table.columns.end(),
                       {{"best rate", false, {"best_lr"}},
                        {"rates within a point of it", false, {"window_low", "window_high", "window_factor"}},
                        {"stable up to", false, {"largest_stable"}}});
  const auto& subjects = comparison.settings.subjects;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto subject = std::find_if(subjects.begin(), subjects.end(),
                                      [&](const Subject& one) { return one.name == rows[i].model; });
    const auto found =
        std::find_if(comparison.windows.begin(), comparison.windows.end(), [&](const Window& one) {
          return subject != subjects.end() && one.subject == subject->window && one.scheme == rows[i].scheme;
        });
    const Window window = found != comparison.windows.end() ? *found : Window{};
    auto& cells = table.rows[i].cells;
    cells.push_back(rate_cell(window.best_lr));
    cells.push_back({window_text(window), {window.low, window.high, window.factor}});
    cells.push_back(rate_cell(window.largest_stable));
  }
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
                    beats_cell(row),
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
  const std::string steps = fmt::format("steps to {} %", text::percent(comparison.settings.threshold, 0));
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
                  {"beats it, %", false, {"beats", "beats_low", "beats_high"}},
                  {"finding", true},
                  {"diverged", false, {"diverged"}},
                  {"failed", false, {"failed"}},
                  {steps, false, {"steps_to_threshold"}}}};
  std::vector<Summary> all_rows;
  for (const std::string& model : models_of(comparison)) {
    for (const RatePick rate : {RatePick::common, RatePick::own}) {
      const std::vector<Summary> rows = ranking(comparison, model, rate);
      for (const Summary& row : rows) table.rows.push_back(row_of(row, &row == &rows.front()));
      all_rows.insert(all_rows.end(), rows.begin(), rows.end());
    }
  }
  add_windows(table, comparison, all_rows);
  // What says the same of all rows: the rate where there is one kind, failures where there were none, steps that
  // nobody looked for.
  const auto drop = [&](const std::string& title) {
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
  if (all([](const Summary& row) { return !row.threshold_sought; })) drop(steps);
  return table;
}

}  // namespace fanin::compare
