#include <algorithm>
#include <cmath>

#include <fanin/compare/counted_runs.hpp>
#include <fanin/compare/figures.hpp>
#include <fanin/compare/summary.hpp>
#include <fanin/compare/verdict.hpp>
#include <fanin/statistics/statistics.hpp>

namespace fanin::compare {

namespace {

/// Whether the page shows a model's losses, layers and weights as well: of subjects that differ in their
/// learning rate alone, at the rate of the highest mean.
bool in_detail(const Comparison& comparison, const std::string& model) {
  const auto& subjects = comparison.settings.subjects;
  const auto own =
      std::find_if(subjects.begin(), subjects.end(), [&](const Subject& one) { return one.name == model; });
  if (own == subjects.end() || !own->lr) return true;
  const auto best_of = [&](const std::string& name) {
    const std::vector<Summary> rows = ranking(comparison, name);
    return rows.empty() || !std::isfinite(rows.front().mean) ? -1 : rows.front().mean;
  };
  std::string best;
  double highest = -1;
  for (const Subject& one : subjects) {
    if (!one.lr || one.window != own->window || best_of(one.name) <= highest) continue;
    highest = best_of(one.name);
    best = one.name;
  }
  return best.empty() || best == model;
}

}  // namespace

std::vector<Figure> figures(const Comparison& comparison, const std::string& model) {
  std::vector<Figure> all;
  add_row_figures(all, comparison, model);
  add_curve_figures(all, comparison, model);
  if (!in_detail(comparison, model)) {
    std::erase_if(all, [](const Figure& figure) { return figure.name == "loss"; });
    return all;
  }
  add_layer_figures(all, comparison, model);
  add_weight_figures(all, comparison, model);
  add_filter_figure(all, comparison, model);
  return all;
}

std::vector<Series> series_of(const Comparison& comparison) {
  const std::vector<std::string> schemes = schemes_of(comparison);
  const std::vector<Look> looks = looks_of(schemes, default_scheme(comparison.settings, comparison.runs));
  std::vector<Series> all;
  for (std::size_t i = 0; i < schemes.size(); ++i) all.push_back({.scheme = schemes[i], .look = looks[i]});
  return all;
}

std::vector<Series> series_of(const Comparison& comparison, const std::string& model) {
  std::vector<Series> all = series_of(comparison);
  std::erase_if(all, [&](const Series& series) {
    return std::none_of(comparison.summary.begin(), comparison.summary.end(), [&](const Summary& row) {
      return row.model == model && row.scheme == series.scheme;
    });
  });
  return all;
}

FigurePoint accuracy_point(double x, const Summary& row) {
  return {.x = x, .y = row.mean, .low = row.interval.low, .high = row.interval.high};
}

FigurePoint mean_point(double x, const std::vector<double>& values, statistics::Interval possible) {
  const statistics::Interval interval = statistics::mean_interval(values, 0.95, possible);
  return {.x = x, .y = statistics::mean(values), .low = interval.low, .high = interval.high};
}

std::vector<const Run*> runs_of(const Comparison& comparison, const std::string& model,
                                const std::string& scheme) {
  std::vector<const Run*> runs;
  for (const auto& entry : counted_runs(comparison.settings, comparison.runs, {model, scheme}))
    runs.push_back(entry.second);
  return runs;
}

}  // namespace fanin::compare
