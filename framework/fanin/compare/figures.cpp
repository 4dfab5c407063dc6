#include <algorithm>

#include <fanin/compare/counted_runs.hpp>
#include <fanin/compare/figures.hpp>
#include <fanin/compare/summary.hpp>
#include <fanin/compare/verdict.hpp>
#include <fanin/statistics/statistics.hpp>

namespace fanin::compare {

std::vector<Figure> figures(const Comparison& comparison, const std::string& model) {
  std::vector<Figure> all;
  add_row_figures(all, comparison, model);
  add_curve_figures(all, comparison, model);
  add_layer_figures(all, comparison, model);
  add_weight_figures(all, comparison, model);
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
