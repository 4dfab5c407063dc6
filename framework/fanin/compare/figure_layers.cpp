#include <algorithm>
#include <cmath>

#include <fanin/compare/figures.hpp>
#include <fanin/statistics/statistics.hpp>

namespace fanin::compare {
namespace {

using probe::LayerProfile;
using Profiles = std::vector<LayerProfile> Run::*;

/// What is shown of every layer, before the first step and after the last.
struct Quantity {
  const char* name;
  const char* title;
  const char* axis;
  const char* caption;
  double LayerProfile::*value;
  bool logarithmic;
};
constexpr Quantity quantities[] = {
    {"activation", "Activation spread", "std of outputs",
     "Standard deviation of each layer's output on a probe batch, on a logarithmic axis; an open mark on its floor "
     "is exactly zero.",
     &LayerProfile::activation_std, true},
    {"gradient", "Gradient norm", "gradient norm",
     "Norm of the loss's gradient at each layer's output, on a logarithmic axis; an open mark on its floor is "
     "exactly zero.",
     &LayerProfile::gradient_norm, true},
    {"dead", "Dead units", "dead units, %",
     "Share of units that stay silent or saturated on the whole probe batch.", &LayerProfile::dead_share,
     false}};

struct Moment {
  const char* name;
  const char* text;
  Profiles profiles;
};
constexpr Moment moments_shown[] = {{"start", "at step 0", &Run::profile_start},
                                    {"end", "after training", &Run::profile_end}};

std::vector<std::string> layers_of(const Comparison& comparison, const std::string& model) {
  std::vector<std::string> layers;
  for (const Run& run : comparison.runs) {
    if (run.model != model || run.profile_start.empty()) continue;
    for (const LayerProfile& layer : run.profile_start) layers.push_back(layer.layer);
    break;
  }
  return layers;
}

/// Layer by layer, the mean over the seeds that have it: geometric for what spans decades, 0 where one is 0.
std::vector<FigurePoint> profile(const std::vector<const Run*>& runs, const std::vector<std::string>& layers,
                                 const Quantity& quantity, Profiles profiles) {
  std::vector<FigurePoint> points;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    std::vector<double> values;
    for (const Run* run : runs) {
      for (const LayerProfile& layer : run->*profiles)
        if (layer.layer == layers[i] && std::isfinite(layer.*quantity.value)) {
          values.push_back(layer.*quantity.value);
          break;
        }
    }
    if (values.empty()) continue;
    FigurePoint point{.x = static_cast<double>(i), .y = statistics::mean(values)};
    if (quantity.logarithmic) {
      const bool zero = std::any_of(values.begin(), values.end(), [](double value) { return value <= 0; });
      for (double& value : values) value = std::log(value);
      point.y = zero ? 0 : std::exp(statistics::mean(values));
      point.hollow = zero;
    }
    points.push_back(point);
  }
  return points;
}

/// One axis for both moments, so that they can be compared by eye. A logarithmic one has at most twelve
/// decades, and at most four above the median: one scheme that explodes must not flatten all others.
Axis axis_of(const Quantity& quantity, const std::vector<Series>& lines) {
  std::vector<double> values;
  for (const Series& one : lines)
    for (const FigurePoint& point : one.points) values.push_back(point.y);
  if (!quantity.logarithmic)
    return linear_axis(quantity.axis, 0,
                       std::clamp(1.05 * *std::max_element(values.begin(), values.end()), 0.1, 1.0), 100);
  const std::size_t all = values.size();
  std::erase_if(values, [](double value) { return value <= 0; });
  if (values.empty()) return log_axis(quantity.axis, 0.1, 10);
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  const double top = std::min(std::log10(*most), std::log10(statistics::median(values)) + 4) + 0.15;
  double bottom = std::max(top - 12, std::log10(*least) - 0.15);
  if (values.size() < all) bottom -= 0.7;  // zeros stand on the floor, apart from what is small
  return log_axis(quantity.axis, std::pow(10, bottom), std::pow(10, std::max(top, bottom + 0.5)));
}

}  // namespace

void add_layer_figures(std::vector<Figure>& all, const Comparison& comparison, const std::string& model) {
  const std::vector<std::string> layers = layers_of(comparison, model);
  if (layers.empty()) return;
  for (const Quantity& quantity : quantities) {
    std::vector<Figure> two;
    std::vector<Series> lines;
    for (const Moment& moment : moments_shown) {
      Figure figure{.kind = Figure::Kind::lines,
                    .name = std::string(quantity.name) + "-" + moment.name,
                    .title = std::string(quantity.title) + " " + moment.text,
                    .caption = quantity.caption,
                    .x = name_axis("", layers),
                    .series = series_of(comparison, model)};
      for (Series& series : figure.series)
        series.points = profile(runs_of(comparison, model, series.scheme), layers, quantity, moment.profiles);
      std::erase_if(figure.series, [](const Series& series) { return series.points.empty(); });
      if (figure.series.empty()) continue;
      lines.insert(lines.end(), figure.series.begin(), figure.series.end());
      two.push_back(std::move(figure));
    }
    if (lines.empty()) continue;
    const Axis axis = axis_of(quantity, lines);
    for (Figure& figure : two) {
      figure.y = axis;
      for (Series& series : figure.series)
        for (FigurePoint& point : series.points)
          if (point.hollow) point.y = axis.low;
      all.push_back(std::move(figure));
    }
  }
}

}  // namespace fanin::compare
