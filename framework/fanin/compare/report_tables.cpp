#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include <fanin/compare/interval_text.hpp>
#include <fanin/compare/reasons.hpp>
#include <fanin/compare/report_tables.hpp>
#include <fanin/compare/summary.hpp>
#include <fanin/compare/summary_cells.hpp>
#include <fanin/compare/verdict.hpp>
#include <fanin/core/format.hpp>

namespace fanin::compare {
namespace {

const Table::Cell none = {.text = no_value};

/// Numbers with the minus that people write: each '-' before a digit.
std::string with_minus(std::string text) {
  for (std::size_t at = 0; (at = text.find('-', at)) != std::string::npos; ++at)
    if (at + 1 < text.size() && text[at + 1] >= '0' && text[at + 1] <= '9') text.replace(at, 1, "−");
  return text;
}

Table::Cell number_cell(double value, const std::string& text) {
  return {.text = std::isfinite(value) ? text : none.text, .numbers = {value}};
}

/// A share with its interval, in percent for people.
Table::Cell interval_cell(double center, const statistics::Interval& interval, const std::string& value) {
  if (!std::isfinite(center)) return {.text = none.text, .numbers = {}};
  const std::string around = interval_text(center, interval);
  return {.text = around.empty() ? value : value + " " + around,
          .numbers = {center, interval.low, interval.high}};
}

Table::Cell difference_cell(const Summary& row) {
  if (row.is_default) return {.text = baseline_word(row.scheme), .numbers = {}};
  Table::Cell cell = interval_cell(row.difference_to_default, row.difference_interval,
                                   text::signed_percent(row.difference_to_default));
  cell.text = with_minus(cell.text);
  if (row.significant) {
    cell.text += " *";
    cell.tone = row.difference_to_default > 0 ? Table::Tone::better : Table::Tone::worse;
  }
  return cell;
}

Table::Cell beats_cell(const Summary& row) {
  if (!std::isfinite(row.beats)) return {.text = row.is_default ? "" : none.text, .numbers = {}};
  return {.text = fmt::format("{} [{}, {}]", text::percent(row.beats, 0),
                              text::percent(row.beats_interval.low, 0),
                              text::percent(row.beats_interval.high, 0)),
          .numbers = {row.beats, row.beats_interval.low, row.beats_interval.high}};
}

/// What its runs say of it beside the others, in a word or two.
Table::Cell finding_cell(const Summary& row) {
  std::string text = row.finding == Finding::none ? "" : findings.name_of(row.finding);
  if (row.among_best) text += text.empty() ? "may be the best" : ", may be the best";
  return {.text = text.empty() ? none.text : text};
}

Table::Cell p_cell(double p) { return number_cell(p, p < 0.001 ? "< 0.001" : fmt::format("{:.3f}", p)); }

}  // namespace

Table summary_table_of(const Comparison& comparison, const std::string& model, RatePick rate) {
  const Settings& settings = comparison.settings;
  const std::vector<Summary> rows = ranking(comparison, model, rate);
  const bool failures =
      std::any_of(rows.begin(), rows.end(), [](const Summary& row) { return row.failed > 0; });
  const bool probed = std::any_of(rows.begin(), rows.end(), [&](const Summary& row) {
    return !seen_before_training(comparison, model, row.scheme).empty();
  });
  const std::string baseline = default_scheme(settings, comparison.runs);
  Table table{
      .name = rate == RatePick::common ? "accuracy" : "own-rates",
      .caption = fmt::format("Test accuracy of {} on {}{}.", model, settings.data,
                             rate == RatePick::common ? "" : ", each scheme at its own best learning rate")};
  using Make = std::function<Table::Cell(const Summary&)>;
  std::vector<Make> makers;
  const auto column = [&](Table::Column titles, Make make) {
    table.columns.push_back(std::move(titles));
    makers.push_back(std::move(make));
  };
  column({.title = "scheme", .text = true},
         [](const Summary& row) { return Table::Cell{.text = row.scheme}; });
  column({.title = "test accuracy, %", .fields = {"accuracy", "accuracy_low", "accuracy_high"}},
         [](const Summary& row) { return interval_cell(row.mean, row.interval, text::percent(row.mean)); });
  column({.title = "difference to " + text::shorten(baseline, 24),
          .fields = {"difference", "difference_low", "difference_high"}},
         difference_cell);
  column({.title = "p (Holm)", .fields = {"p_holm"}},
         [](const Summary& row) { return row.is_default ? Table::Cell{} : p_cell(row.p_adjusted); });
  column({.title = "beats it, %", .fields = {"beats", "beats_low", "beats_high"}}, beats_cell);
  column({.title = "so it is", .text = true}, finding_cell);
  column({.title = "test loss", .fields = {"test_loss"}},
         [](const Summary& row) { return number_cell(row.test_loss, text::number(row.test_loss, 3)); });
  column({.title = "diverged", .fields = {"diverged"}},
         [](const Summary& row) { return count_cell(row.diverged, row.runs); });
  if (failures)
    column({.title = "failed", .fields = {"failed"}},
           [](const Summary& row) { return count_cell(row.failed, row.runs); });
  if (std::any_of(rows.begin(), rows.end(), [](const Summary& row) { return row.threshold_sought; }))
    column({.title = fmt::format("steps to {} %", text::percent(settings.threshold, 0)),
            .fields = {"steps_to_threshold"}},
           steps_cell);
  column({.title = "s per run", .fields = {"seconds"}}, [](const Summary& row) {
    return number_cell(row.train_seconds, text::number(row.train_seconds, 1));
  });
  if (probed)
    column({.title = "before training", .text = true}, [&](const Summary& row) {
      return Table::Cell{.text = seen_before_training(comparison, model, row.scheme)};
    });
  for (const Summary& row : rows) {
    Table::Row& made =
        table.rows.emplace_back(Table::Row{.cells = {}, .scheme = row.scheme, .reference = row.is_default});
    for (const Make& make : makers) made.cells.push_back(make(row));
  }
  return table;
}

Table schemes_table(const Comparison& comparison, const std::string& model) {
  Table table{.name = "schemes",
              .caption = fmt::format("What each scheme is on {}, and when such a scheme fails.", model),
              .columns = {{.title = "scheme", .text = true},
                          {.title = "fails", .text = true},
                          {.title = "initializers", .text = true}}};
  for (const std::string& scheme : schemes_of(comparison)) {
    const auto run = std::find_if(comparison.runs.begin(), comparison.runs.end(), [&](const Run& one) {
      return one.model == model && one.scheme == scheme && !one.plan.empty();
    });
    if (run == comparison.runs.end()) continue;
    table.rows.push_back(
        {.cells = {{.text = scheme}, {.text = fails_when(scheme, run->plan)}, {.text = run->plan}},
         .scheme = scheme});
  }
  return table;
}

Table incidents_table(const Comparison& comparison, const std::string& model) {
  Table table{.name = "incidents",
              .caption = fmt::format("Runs of {} that ended early.", model),
              .columns = {{.title = "scheme", .text = true},
                          {.title = "seed"},
                          {.title = "what happened", .text = true},
                          {.title = "at step", .fields = {"step"}},
                          {.title = "message", .text = true}}};
  for (const Run& run : comparison.runs) {
    if (run.model != model || run.status == Status::ok) continue;
    Table::Cell step = none;
    if (run.diverged_step)
      step = {.text = std::to_string(*run.diverged_step),
              .numbers = {static_cast<double>(*run.diverged_step)}};
    table.rows.push_back({.cells = {{.text = run.scheme},
                                    {.text = std::to_string(run.seed)},
                                    {.text = statuses.name_of(run.status)},
                                    step,
                                    {.text = run.message}},
                          .scheme = run.scheme});
  }
  return table;
}

std::vector<Table> tables(const Comparison& comparison, const std::string& model) {
  std::vector<Table> all = {summary_table_of(comparison, model, RatePick::common),
                            summary_table_of(comparison, model, RatePick::own),
                            schemes_table(comparison, model), incidents_table(comparison, model)};
  std::erase_if(all, [](const Table& table) { return table.rows.empty(); });
  return all;
}

}  // namespace fanin::compare
