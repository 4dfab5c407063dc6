#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <sstream>
#include <vector>

#include <fanin/compare/interval_text.hpp>
#include <fanin/compare/summary.hpp>
#include <fanin/compare/summary_table.hpp>
#include <fanin/compare/verdict.hpp>
#include <fanin/core/format.hpp>
#include <fanin/core/locale.hpp>
#include <fanin/core/text_table.hpp>

namespace fanin::compare {
namespace {

constexpr int narrowest = 40;
constexpr int widest = 200;
constexpr int enough_name = 32;  // columns at which a long name may be cut rather than a measure dropped

/// How much a table shows: the first of `forms` that leaves room for the schemes' names is taken.
struct Form {
  bool short_titles;
  int digits;
  bool interval;             // of the accuracy
  bool difference_interval;  // of the difference to the baseline
  bool beats;                // the probability that it beats the baseline
  bool beats_interval;       // of that
  bool steps;
};
constexpr Form forms[] = {
    {false, 2, true, true, true, true, true},    {false, 2, true, true, true, false, true},
    {false, 2, true, true, false, false, true},  {true, 2, true, true, false, false, false},
    {true, 1, true, false, false, false, false}, {true, 1, false, false, false, false, false}};

/// As the terminal will show it, so that it is as wide there as it is here.
std::string shown(const std::string& text, int width) {
  return text::shorten(in_locale(text), width, in_locale("…"));
}

std::string with_interval(const std::string& value, double center, const statistics::Interval& interval,
                          int digits) {
  const std::string text = interval_text(center, interval, digits, 3 + digits);
  return text.empty() ? value : value + " " + text;
}

/// The difference to the baseline; behind it * for a significant one, = for none beyond the margin.
std::string difference_text(const Summary& row, const Form& form) {
  if (row.is_default) return baseline_word(row.scheme) + std::string(form.difference_interval ? 9 : 2, ' ');
  std::string text = text::signed_percent(row.difference_to_default, form.digits);
  if (form.difference_interval)
    text = with_interval(text, row.difference_to_default, row.difference_interval, form.digits);
  return text + (row.significant ? " *" : row.finding == Finding::equivalent ? " =" : "  ");
}

std::string beats_text(const Summary& row, const Form& form) {
  if (!std::isfinite(row.beats)) return "";
  const std::string text = fmt::format("{:.0f} %", 100 * row.beats);
  if (!form.beats_interval) return text;
  return text + fmt::format(" [{:.0f}, {:.0f}]", 100 * row.beats_interval.low, 100 * row.beats_interval.high);
}

std::string share_text(int some, int all) { return some > 0 ? fmt::format("{}/{}", some, all) : "-"; }

std::string steps_text(const Summary& row) {
  if (!row.threshold_sought) return "-";
  return row.steps_to_threshold ? fmt::format("{:.0f}", *row.steps_to_threshold) : "never";
}

/// One model's rows, best first, their names cut to `name_width`.
text::TextTable table_of(const Comparison& comparison, const std::vector<Summary>& rows, const Form& form,
                         int name_width) {
  const bool failures =
      std::any_of(rows.begin(), rows.end(), [](const Summary& row) { return row.failed > 0; });
  const bool steps = form.steps && std::any_of(rows.begin(), rows.end(),
                                               [](const Summary& row) { return row.threshold_sought; });
  const std::string baseline = default_scheme(comparison.settings, comparison.runs);
  const std::string to = fmt::format("to {}  ", shown(baseline, form.difference_interval ? 16 : 9));
  std::vector<text::TextTable::Column> columns = {{"  scheme"},
                                                  {form.interval ? "test accuracy %" : "acc. %", true},
                                                  {form.difference_interval ? "difference " + to : to, true}};
  if (form.beats) columns.push_back({"beats it", true});
  columns.push_back({form.short_titles ? "div." : "diverged", true});
  if (failures) columns.push_back({"failed", true});
  if (steps)
    columns.push_back({fmt::format("steps to {} %", text::percent(comparison.settings.threshold, 0)), true});
  text::TextTable table(columns);
  for (const Summary& row : rows) {
    const std::string value = text::percent(row.mean, form.digits);
    const char* mark = !row.among_best ? "  " : &row == &rows.front() ? "▸ " : "≈ ";
    text::TextTable::Cells cells = {
        mark + shown(row.scheme, name_width),
        form.interval ? with_interval(value, row.mean, row.interval, form.digits) : value,
        difference_text(row, form)};
    if (form.beats) cells.push_back(beats_text(row, form));
    cells.push_back(share_text(row.diverged, row.runs));
    if (failures) cells.push_back(share_text(row.failed, row.runs));
    if (steps) cells.push_back(steps_text(row));
    table.add(std::move(cells));
  }
  return table;
}

int width_of(const std::string& lines) {
  int width = 0;
  std::istringstream all(lines);
  for (std::string line; std::getline(all, line);) width = std::max(width, text::text_width(line));
  return width;
}

std::string block(const Comparison& comparison, const std::string& model, RatePick rate, int width) {
  const std::vector<Summary> rows = ranking(comparison, model, rate);
  if (rows.empty()) return "";
  int name = 4;
  for (const Summary& row : rows) name = std::max(name, text::text_width(in_locale(row.scheme)));
  std::string lines;
  for (const Form& form : forms) {
    lines = table_of(comparison, rows, form, name).to_string();
    const int excess = width_of(lines) - width;
    if (excess <= 0) break;
    const bool last = &form == std::end(forms) - 1;
    if (name - excess < enough_name && !last) continue;
    lines = table_of(comparison, rows, form, std::max(4, name - excess)).to_string();
    break;
  }
  const std::string title = rate == RatePick::own ? model + ", each scheme at its own best rate" : model;
  return shown(title, width) + "\n" + lines + "\n";
}

}  // namespace

std::string summary_table(const Comparison& comparison, int width) {
  width = std::clamp(width, narrowest, widest);
  const std::vector<std::string> models = models_of(comparison);
  if (models.empty()) return "no results\n";
  std::string text;
  for (const std::string& model : models)
    for (const RatePick rate : {RatePick::common, RatePick::own})
      text += block(comparison, model, rate, width);
  const auto any = [&](auto&& what) {
    return std::any_of(comparison.summary.begin(), comparison.summary.end(), what);
  };
  const std::string baseline = named_baseline(default_scheme(comparison.settings, comparison.runs));
  std::vector<std::string> legend = {"± or [low, high]: 95 % interval"};
  if (any([](const Summary& row) { return row.among_best; })) legend.push_back("▸ best  ≈ may be the best");
  if (any([](const Summary& row) { return row.significant; }))
    legend.push_back(fmt::format("* differs from {}, p < 0.05 (paired t, Holm)", baseline));
  if (any([](const Summary& row) { return row.finding == Finding::equivalent; }))
    legend.push_back(
        fmt::format("= within ±{} of {}", text::percent(comparison.settings.margin, 1), baseline));
  int at = 0;  // columns of the line under way
  for (const std::string& one : legend) {
    const std::string part = shown(one, width);
    const bool fits = at > 0 && at + 3 + text::text_width(part) <= width;
    text += (fits ? "   " : at > 0 ? "\n" : "") + part;
    at = (fits ? at + 3 : 0) + text::text_width(part);
  }
  return text + "\n";
}

}  // namespace fanin::compare
