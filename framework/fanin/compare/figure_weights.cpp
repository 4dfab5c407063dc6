#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <fanin/compare/figures.hpp>
#include <fanin/core/format.hpp>

namespace fanin::compare {
namespace {

constexpr std::size_t most_panels = 120;  // of one model
constexpr std::size_t most_parameters = 10;
constexpr Index most_filters = 16;
constexpr Index most_picture_bytes = 100'000;  // of one model

/// The first run of a scheme that has what is looked for.
template <class Has>
const Run* detailed_run(const Comparison& comparison, const std::string& model, const std::string& scheme,
                        Has has) {
  for (const Run& run : comparison.runs)
    if (run.model == model && run.scheme == scheme && has(run)) return &run;
  return nullptr;
}

const ParameterSnapshot* snapshot(const Comparison& comparison, const std::string& model,
                                  const std::string& scheme, const std::string& name) {
  const ParameterSnapshot* found = nullptr;
  detailed_run(comparison, model, scheme, [&](const Run& run) {
    for (const ParameterSnapshot& one : run.parameters)
      if (one.name == name && found == nullptr) found = &one;
    return found != nullptr;
  });
  return found;
}

/// The model's parameters whose histograms are shown: where there are many, matrices and kernels alone,
/// evenly from the first to the last.
std::vector<std::string> parameters_of(const Comparison& comparison, const std::string& model) {
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
  const std::size_t most = std::clamp<std::size_t>(most_panels / schemes, 3, most_parameters);
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

void add_histograms(std::vector<Figure>& all, const Comparison& comparison, const std::string& model) {
  for (const std::string& name : parameters_of(comparison, model)) {
    Figure figure{
        .kind = Figure::Kind::histograms,
        .name = "weights-" + name,
        .title = "Weights before and after training: " + name,
        .caption =
            "Gray: as initialized. Coloured: after training. Each scaled to its highest bin; one seed.",
        .group = "Weights before and after training",
        .choice = name,
        .series = series_of(comparison, model)};
    for (Series& series : figure.series) {
      const ParameterSnapshot* one = snapshot(comparison, model, series.scheme, name);
      if (one == nullptr) continue;
      double low = HUGE_VAL, high = -HUGE_VAL;
      for (const auto* histogram : {&one->before, &one->after}) {
        if (!has_range(*histogram)) continue;
        low = std::min(low, histogram->low);
        high = std::max(high, histogram->high);
      }
      if (!(low <= high)) continue;
      const double least = high > low ? (high - low) / 100 : 0.01;
      series.before = outline(one->before, least);
      series.points = outline(one->after, least);
      series.panel = linear_axis("", low, high, 1, false, 4);
      if (std::isfinite(one->std)) series.note = "initial std " + text::number(one->std, 3);
    }
    std::erase_if(figure.series,
                  [](const Series& series) { return series.before.empty() && series.points.empty(); });
    if (!figure.series.empty()) all.push_back(std::move(figure));
  }
}

Picture picture(const FilterImages& filters, const std::vector<float>& values, Index count,
                const char* when) {
  double scale = 0;
  for (const float value : values)
    if (std::isfinite(value)) scale = std::max(scale, std::abs(static_cast<double>(value)));
  const Index size = filters.channels * filters.height * filters.width;
  // The filters stand in rows of about as many as there are rows, a zero's width apart.
  const auto columns = static_cast<Index>(
      std::ceil(std::sqrt(static_cast<double>(count * filters.height) / static_cast<double>(filters.width))));
  const Index rows = (count + columns - 1) / columns;
  Picture result{.title = fmt::format("{}, ±{}", when, text::number(scale, 3)),
                 .width = columns * (filters.width + 1) - 1,
                 .height = rows * (filters.height + 1) - 1,
                 .channels = filters.channels == 3 ? 3 : 1};
  const Index plane = result.width * result.height;
  result.bytes.assign(static_cast<std::size_t>(result.channels * plane), 0);
  for (Index k = 0; k < count; ++k) {
    for (Index c = 0; c < result.channels; ++c) {
      for (Index i = 0; i < filters.height * filters.width; ++i) {
        const float value =
            values[static_cast<std::size_t>(k * size + c * filters.height * filters.width + i)];
        const double share = scale > 0 && std::isfinite(value) ? static_cast<double>(value) / scale : 0;
        const Index y = k / columns * (filters.height + 1) + i / filters.width;
        const Index x = k % columns * (filters.width + 1) + i % filters.width;
        result.bytes[static_cast<std::size_t>(c * plane + y * result.width + x)] =
            static_cast<std::uint8_t>(std::lround(128 + 127 * share));
      }
    }
  }
  return result;
}

void add_filters(std::vector<Figure>& all, const Comparison& comparison, const std::string& model) {
  Figure figure{.kind = Figure::Kind::images,
                .name = "filters",
                .title = "First-layer filters",
                .series = series_of(comparison, model)};
  const auto has_filters = [](const Run& run) {
    const FilterImages& one = run.filters;
    return one.count > 0 && one.channels > 0 && one.height > 0 && one.width > 0 && !one.before.empty();
  };
  for (Series& series : figure.series) {
    const Run* run = detailed_run(comparison, model, series.scheme, has_filters);
    if (run == nullptr) continue;
    const FilterImages& filters = run->filters;
    const Index size = filters.channels * filters.height * filters.width;
    if (filters.before.size() != static_cast<std::size_t>(filters.count * size)) continue;
    const Index room = most_picture_bytes / (2 * size * static_cast<Index>(figure.series.size()));
    const Index count = std::min({filters.count, most_filters, std::max<Index>(4, room)});
    series.pictures.push_back(picture(filters, filters.before, count, "before"));
    if (!filters.after.empty()) series.pictures.push_back(picture(filters, filters.after, count, "after"));
    figure.caption = fmt::format(
        "{}: {} filters as images, before and after training; one seed.{}", filters.name, count,
        filters.channels == 3 ? "" : " Blue is negative, red positive, each to the largest there.");
  }
  std::erase_if(figure.series, [](const Series& series) { return series.pictures.empty(); });
  if (!figure.series.empty()) all.push_back(std::move(figure));
}

}  // namespace

void add_weight_figures(std::vector<Figure>& all, const Comparison& comparison, const std::string& model) {
  add_histograms(all, comparison, model);
  add_filters(all, comparison, model);
}

}  // namespace fanin::compare
