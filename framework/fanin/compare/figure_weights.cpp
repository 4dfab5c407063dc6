#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <fanin/compare/figures.hpp>
#include <fanin/core/format.hpp>

namespace fanin::compare {
namespace {

constexpr std::size_t most_parameters = 10;

/// The parameter as the first run of a scheme that has it shows it.
const ParameterSnapshot* snapshot(const Comparison& comparison, const std::string& model,
                                  const std::string& scheme, const std::string& name) {
  for (const Run& run : comparison.runs) {
    if (run.model != model || run.scheme != scheme) continue;
    for (const ParameterSnapshot& one : run.parameters)
      if (one.name == name) return &one;
  }
  return nullptr;
}

/// The model's parameters that are shown: where there are many, matrices and kernels alone,
/// evenly from the first to the last.
std::vector<std::string> parameters_of(const Comparison& comparison, const std::string& model,
                                       std::size_t panels) {
  std::vector<std::string> names, matrices;
  for (const Run& run : comparison.runs) {
    if (run.model != model || run.parameters.empty()) continue;
    for (const ParameterSnapshot& one : run.parameters) {
      names.push_back(one.name);
      if (one.shape.size() > 1) matrices.push_back(one.name);
    }
    break;
  }
  const std::size_t schemes = std::max<std::size_t>(1, series_of(comparison, model).size());
  const std::size_t most = std::clamp<std::size_t>(panels / schemes, 3, most_parameters);
  if (names.size() <= most) return names;
  if (matrices.size() <= most) return matrices;
  std::vector<std::string> shown;
  for (std::size_t i = 0; i < most; ++i) shown.push_back(matrices[i * (matrices.size() - 1) / (most - 1)]);
  return shown;
}

bool has_range(const probe::Histogram& histogram) {
  return !histogram.counts.empty() && std::isfinite(histogram.low) && std::isfinite(histogram.high) &&
         *std::max_element(histogram.counts.begin(), histogram.counts.end()) > 0;
}

/// Corners of the histogram's outline, scaled so that its highest bin is 1.
std::vector<FigurePoint> outline(const probe::Histogram& histogram, double least_width) {
  if (!has_range(histogram)) return {};
  const double middle = (histogram.low + histogram.high) / 2;
  const double low = std::min(histogram.low, middle - least_width / 2);
  const double high = std::max(histogram.high, middle + least_width / 2);
  const auto peak = static_cast<double>(*std::max_element(histogram.counts.begin(), histogram.counts.end()));
  const double width = (high - low) / static_cast<double>(histogram.counts.size());
  std::vector<FigurePoint> corners = {{.x = low, .y = 0}};
  for (std::size_t i = 0; i < histogram.counts.size(); ++i) {
    const double y = static_cast<double>(histogram.counts[i]) / peak;
    corners.push_back({.x = low + static_cast<double>(i) * width, .y = y});
    corners.push_back({.x = low + static_cast<double>(i + 1) * width, .y = y});
  }
  corners.push_back({.x = high, .y = 0});
  return corners;
}

void fill_histogram(Series& series, const ParameterSnapshot& one) {
  double low = HUGE_VAL, high = -HUGE_VAL;
  for (const auto* histogram : {&one.before, &one.after}) {
    if (!has_range(*histogram)) continue;
    low = std::min(low, histogram->low);
    high = std::max(high, histogram->high);
  }
  if (!(low <= high)) return;
  const double least = high > low ? (high - low) / 100 : 0.01;
  series.before = outline(one.before, least);
  series.points = outline(one.after, least);
  series.panel = linear_axis("", low, high, 1, false, 4);
  if (std::isfinite(one.std)) series.note = "initial std " + text::number(one.std, 3);
}

/// The outline of the singular values as bars, over the share of all, scaled so that `scale` is 1.
std::vector<FigurePoint> outline(const SpectrumSnapshot& spectrum, double scale) {
  std::vector<FigurePoint> corners = {{.x = 0, .y = 0}};
  const auto count = static_cast<double>(spectrum.values.size());
  for (const float value : spectrum.values) {
    // In a file they have four digits, and may be anything.
    const double y = static_cast<double>(value) / scale, left = corners.back().x;
    if (!(y >= 0 && y <= 1.001)) return {};
    for (const double x : {left, left + 1 / count}) corners.push_back({.x = x, .y = std::min(y, 1.0)});
  }
  corners.push_back({.x = corners.back().x, .y = 0});
  return spectrum.values.empty() ? std::vector<FigurePoint>() : corners;
}

void fill_spectrum(Series& series, const ParameterSnapshot& one) {
  const SpectrumSnapshot &before = one.spectrum_before, &after = one.spectrum_after;
  const double larger = after.norm > before.norm ? after.norm : before.norm, scale = larger > 0 ? larger : 1;
  series.before = outline(before, scale);
  if (series.before.empty()) return;
  series.points = outline(after, scale);
  series.panel = linear_axis("% of all", 0, 1, 100, false, 3);
  series.note = after.values.empty()
                    ? fmt::format("norm {:.3g}, rank {:.3g}", before.norm, before.stable_rank)
                    : fmt::format("norm {:.3g}→{:.3g}, rank {:.3g}→{:.3g}", before.norm, after.norm,
                                  before.stable_rank, after.stable_rank);
}

/// What is shown of every parameter in a panel a scheme, before and after training.
struct Shown {
  const char *name, *title, *caption;
  std::size_t panels;  ///< of one model, at most
  void (*fill)(Series& series,
               const ParameterSnapshot&);  ///< leaves the series empty where there is nothing to show
};
constexpr Shown all_shown[] = {
    {"weights", "Weights before and after training",
     "Gray: as initialized. Coloured: after training. Each scaled to its highest bin; one seed.", 120,
     fill_histogram},
    {"spectrum", "Singular values before and after training",
     "Of the weight as a matrix [out, rest], largest first, over their share of all. Gray: as "
     "initialized. Coloured: after training. Both scaled to the larger norm; the numbers are spectral "
     "norm and stable rank, before → after; one seed.",
     60, fill_spectrum}};

}  // namespace

void add_weight_figures(std::vector<Figure>& all, const Comparison& comparison, const std::string& model) {
  for (const Shown& shown : all_shown) {
    for (const std::string& name : parameters_of(comparison, model, shown.panels)) {
      Figure figure{.kind = Figure::Kind::histograms,
                    .name = std::string(shown.name) + "-" + name,
                    .title = std::string(shown.title) + ": " + name,
                    .caption = shown.caption,
                    .group = shown.title,
                    .choice = name,
                    .series = series_of(comparison, model)};
      for (Series& series : figure.series)
        if (const ParameterSnapshot* one = snapshot(comparison, model, series.scheme, name))
          shown.fill(series, *one);
      std::erase_if(figure.series,
                    [](const Series& series) { return series.before.empty() && series.points.empty(); });
      if (!figure.series.empty()) all.push_back(std::move(figure));
    }
  }
}

}  // namespace fanin::compare
