#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include <fanin/compare/interval_text.hpp>
#include <fanin/compare/summary.hpp>
#include <fanin/compare/summary_table.hpp>
#include <fanin/compare/verdict.hpp>
#include <fanin/core/format.hpp>

namespace fanin::compare {
namespace {

constexpr int widest = 100;
constexpr int narrowest = 40;
constexpr int enough_name = 32;  // columns at which a long name may be cut rather than a measure dropped

/// How much a table shows: the first of `forms` that leaves room for the schemes' names is taken.
struct Form {
  bool short_titles;
  int digits;
  bool interval;             // of the accuracy
  bool difference_interval;  // of the difference to the default
  bool steps;
};
constexpr Form forms[] = {{false, 2, true, true, true},
                          {false, 2, true, false, true},
                          {true, 1, true, false, false},
                          {true, 1, false, false, false}};

struct Column {
  std::string title;
  std::vector<std::string> cells;
  int width() const {
    int result = text::text_width(title);
    for (const std::string& cell : cells) result = std::max(result, text::text_width(cell));
    return result;
  }
};

std::string with_interval(const std::string& value, double center, const statistics::Interval& interval,
                          int digits) {
  const std::string text = interval_text(center, interval, digits, 3 + digits);
  return text.empty() ? value : value + " " + text;
}

std::string difference_text(const Summary& row, const Form& form) {
  if (row.is_default) return baseline_word(row.scheme) + std::string(form.difference_interval ? 9 : 2, ' ');
  std::string text = text::signed_percent(row.difference_to_default, form.digits);
  if (form.difference_interval)
    text = with_interval(text, row.difference_to_default, row.difference_interval, form.digits);
  return text + (row.significant ? " *" : "  ");
}

std::string diverged_text(const Summary& row) {
  return row.diverged > 0 ? fmt::format("{}/{}", row.diverged, row.runs) : "-";
}

std::string steps_text(const Summary& row) {
  if (row.runs == 0) return "-";  // nobody looked
  return row.steps_to_threshold ? fmt::format("{:.0f}", *row.steps_to_threshold) : "never";
}

std::vector<Column> measure_columns(const std::vector<Summary>& rows, const Settings& settings,
                                    const std::string& baseline, const Form& form) {
  Column accuracy{form.interval ? "test accuracy %" : "acc. %", {}};
  const std::string to = fmt::format("to {}  ", text::shorten(baseline, form.difference_interval ? 16 : 9));
  Column difference{form.difference_interval ? "difference " + to : to, {}};
  Column diverged{form.short_titles ? "div." : "diverged", {}};
  Column failed{"failed", {}};
  Column steps{fmt::format("steps to {} %", text::percent(settings.threshold, 0)), {}};
  for (const Summary& row : rows) {
    const std::string value = text::percent(row.mean, form.digits);
    accuracy.cells.push_back(form.interval ? with_interval(value, row.mean, row.interval, form.digits)
                                           : value);
    difference.cells.push_back(difference_text(row, form));
    diverged.cells.push_back(diverged_text(row));
    failed.cells.push_back(row.failed > 0 ? fmt::format("{}/{}", row.failed, row.runs) : "-");
    steps.cells.push_back(steps_text(row));
  }
  std::vector<Column> columns = {accuracy, difference, diverged};
  if (std::any_of(rows.begin(), rows.end(), [](const Summary& row) { return row.failed > 0; }))
    columns.push_back(failed);
  if (form.steps && settings.threshold > 0) columns.push_back(steps);
  return columns;
}

int total_width(const std::vector<Column>& columns) {
  int total = 0;
  for (const Column& column : columns) total += 2 + column.width();
  return total;
}

std::string trimmed(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

std::string block(const Comparison& comparison, const std::string& model, int width) {
  const std::vector<Summary> rows = ranking(comparison, model);
  const std::string baseline = default_scheme(comparison.settings, comparison.runs);
  Column name{"scheme", {}};
  for (const Summary& row : rows) name.cells.push_back(row.scheme);
  std::vector<Column> measures;
  for (const Form& form : forms) {
    measures = measure_columns(rows, comparison.settings, baseline, form);
    if (std::min(name.width(), enough_name) + total_width(measures) <= width) break;
  }
  const int taken = total_width(measures);
  const int name_width = std::max(4, std::min(name.width(), width - taken));

  auto line = [&](const std::string& label, auto cell_of) {
    std::string text = text::pad_right(text::shorten(label, name_width), name_width);
    for (const Column& column : measures) text += "  " + text::pad_left(cell_of(column), column.width());
    return trimmed(text);
  };
  std::string rule;
  for (int i = 0; i < name_width + taken; ++i) rule += "─";
  std::string text = text::shorten(model, width) + "\n";
  text += line(name.title, [](const Column& column) { return column.title; });
  text += rule + "\n";
  for (std::size_t i = 0; i < rows.size(); ++i) {
    text += line(name.cells[i], [&](const Column& column) { return column.cells[i]; });
  }
  return text;
}

}  // namespace

std::string summary_table(const Comparison& comparison, int width) {
  width = std::clamp(width, narrowest, widest);
  std::string text;
  bool any_significant = false;
  for (const std::string& model : models_of(comparison)) {
    if (!text.empty()) text += "\n";
    text += block(comparison, model, width);
  }
  for (const Summary& row : comparison.summary) any_significant = any_significant || row.significant;
  if (text.empty()) return "no results\n";
  if (any_significant) {
    text += width < 64 ? "* p < 0.05 (paired t-test, Holm)\n"
                       : fmt::format("* differs from {}: p < 0.05, paired t-test, Holm-adjusted\n",
                                     named_baseline(default_scheme(comparison.settings, comparison.runs)));
  }
  return text;
}

}  // namespace fanin::compare
