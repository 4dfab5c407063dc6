#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include <fanin/compare/figure_rates.hpp>
#include <fanin/compare/summary.hpp>
#include <fanin/compare/window_table.hpp>
#include <fanin/core/format.hpp>

namespace fanin::compare {
namespace {

/// The subjects that differ in their learning rate alone, by rate.
std::map<double, std::string> rates_of(const Comparison& comparison, const std::string& window) {
  std::map<double, std::string> rates;
  for (const Subject& subject : comparison.settings.subjects)
    if (subject.lr && subject.window == window) rates.emplace(*subject.lr, subject.name);
  return rates;
}

/// Mean test accuracy and its interval at each rate.
std::vector<FigurePoint> test_curve(const Comparison& comparison, const std::map<double, std::string>& rates,
                                    const std::string& scheme) {
  std::vector<FigurePoint> points;
  for (const auto& entry : rates) {
    for (const Summary& row : comparison.summary)
      if (row.model == entry.second && row.scheme == scheme && std::isfinite(row.mean))
        points.push_back(accuracy_point(entry.first, row));
  }
  return points;
}

/// Mean validation accuracy of the tuning runs at each rate: of those that trained longest there, where
/// several rounds did.
std::vector<FigurePoint> tuning_curve(const Comparison& comparison, const std::string& window,
                                      const std::string& scheme) {
  std::map<double, std::map<Index, std::vector<double>>> by_rate;
  const double chance = 1.0 / static_cast<double>(std::max<Index>(1, comparison.settings.classes));
  for (const Run& run : comparison.tuning) {
    if (run.model != window || run.scheme != scheme || !(run.lr > 0) || run.status == Status::interrupted)
      continue;
    const double accuracy = run.status == Status::ok ? run.validation_accuracy : chance;
    // A run that diverged made few steps, but it was as long as the others of its round.
    const Index round = run.status == Status::ok ? run.steps : 0;
    if (std::isfinite(accuracy)) by_rate[run.lr][round].push_back(accuracy);
  }
  std::vector<FigurePoint> points;
  for (auto& entry : by_rate) {
    std::vector<double> values = entry.second.rbegin()->second;
    if (entry.second.size() > 1 && entry.second.contains(0))
      values.insert(values.end(), entry.second[0].begin(), entry.second[0].end());
    points.push_back(mean_point(entry.first, values, {0, 1}));
  }
  return points;
}

/// What the points reach, those of their intervals included.
void widen(double& low, double& high, const FigurePoint& point) {
  for (const double value : {point.y, point.low, point.high}) {
    if (!std::isfinite(value)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
}

void add_curves(std::vector<Figure>& all, Figure figure) {
  double first = HUGE_VAL, last = 0, low = 1, high = 0;
  std::map<double, bool> rates;
  std::erase_if(figure.series, [](const Series& series) { return series.points.empty(); });
  for (const Series& series : figure.series) {
    for (const FigurePoint& point : series.points) {
      first = std::min(first, point.x);
      last = std::max(last, point.x);
      rates[point.x] = true;
      widen(low, high, point);
    }
  }
  if (rates.size() < 2) return;
  figure.x = log_axis("learning rate", first, last);
  figure.x.ticks.clear();
  for (const auto& entry : rates) figure.x.ticks.push_back({entry.first, fmt::format("{:.3g}", entry.first)});
  figure.y = linear_axis(figure.y.title, std::max(0.0, low - 0.01), std::min(1.0, high + 0.01), 100);
  all.push_back(std::move(figure));
}

std::string factor_text(double factor) { return fmt::format("×{:.3g}", factor); }

}  // namespace

std::vector<Figure> rate_figures(const Comparison& comparison, const std::string& window) {
  std::vector<Figure> all;
  const std::map<double, std::string> rates = rates_of(comparison, window);
  Figure tests{
      .kind = Figure::Kind::lines,
      .name = "rates",
      .title = "Test accuracy by learning rate",
      .caption = "Mean and 95 % confidence band over seeds, at each rate, on a logarithmic axis of rates.",
      .y = {.title = "test accuracy, %"},
      .series = series_of(comparison)};
  for (Series& series : tests.series) series.points = test_curve(comparison, rates, series.scheme);
  add_curves(all, std::move(tests));
  Figure tuning{
      .kind = Figure::Kind::lines,
      .name = "tuning",
      .title = "Validation accuracy by learning rate, while rates were chosen",
      .caption =
          "Mean and 95 % confidence band over the seeds of the tuning, which no result counts; where "
          "rates got further rounds, of the longest.",
      .y = {.title = "validation accuracy, %"},
      .series = series_of(comparison)};
  for (Series& series : tuning.series) series.points = tuning_curve(comparison, window, series.scheme);
  add_curves(all, std::move(tuning));

  Figure windows{
      .kind = Figure::Kind::rows,
      .name = "windows",
      .title = "Window of learning rates",
      .caption =
          "Rates whose mean validation accuracy is within one point of the scheme's best, which the "
          "mark shows, and how many times the largest is the smallest; ≥ where the window reaches the "
          "end of what was tried.",
      .series = {}};
  double first = HUGE_VAL, last = 0;
  for (Series& series : series_of(comparison)) {
    for (const Window& one : comparison.windows) {
      if (one.subject != window || one.scheme != series.scheme || !(one.low > 0)) continue;
      series.points = {{.x = one.best_lr, .low = one.low, .high = one.high}};
      series.note = (one.open_low || one.open_high ? "≥ " : "") + factor_text(one.factor);
      first = std::min(first, one.low);
      last = std::max({last, one.high, one.largest_stable > 0 ? one.largest_stable : 0});
      windows.series.push_back(series);
    }
  }
  if (!windows.series.empty()) {
    windows.x = log_axis("learning rate", first / 1.15, last * 1.15);
    all.push_back(std::move(windows));
  }
  return all;
}

Table windows_table(const Comparison& comparison, const std::string& window) {
  Table table{
      .name = "windows",
      .caption = fmt::format("Learning rates at which {} trains, by mean validation accuracy.", window),
      .columns = {{.title = "scheme", .text = true},
                  {.title = "best rate", .fields = {"best_lr"}},
                  {.title = "validation accuracy there, %", .fields = {"best_accuracy"}},
                  {.title = "within one point", .fields = {"low", "high"}},
                  {.title = "factor", .fields = {"factor"}},
                  {.title = "largest without divergence", .fields = {"largest_stable"}}}};
  for (const Window& one : comparison.windows) {
    if (one.subject != window) continue;
    const bool trains = one.low > 0;
    table.rows.push_back(
        {.cells = {{.text = one.scheme},
                   {.text = rate_text(one.best_lr) + (one.at_edge ? " (at the end of the axis)" : ""),
                    .numbers = {one.best_lr}},
                   {.text = std::isfinite(one.best_accuracy) ? text::percent(one.best_accuracy) : no_value,
                    .numbers = {one.best_accuracy}},
                   {.text = trains ? fmt::format("{}{}–{}{}", one.open_low ? "≤ " : "", rate_text(one.low),
                                                 one.open_high ? "≥ " : "", rate_text(one.high))
                                   : no_value,
                    .numbers = {one.low, one.high}},
                   {.text = trains ? (one.open_low || one.open_high ? "≥ " : "") + factor_text(one.factor)
                                   : no_value,
                    .numbers = {one.factor}},
                   {.text = rate_text(one.largest_stable), .numbers = {one.largest_stable}}},
         .scheme = one.scheme,
         .reference = one.scheme == default_scheme(comparison.settings, comparison.runs)});
  }
  return table;
}

std::vector<std::string> rate_subjects(const Comparison& comparison) {
  std::vector<std::string> names;
  const auto add = [&](const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  for (const Subject& subject : comparison.settings.subjects)
    if (subject.lr && rates_of(comparison, subject.window).size() > 1) add(subject.window);
  for (const Window& window : comparison.windows) add(window.subject);
  return names;
}

}  // namespace fanin::compare
