#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <fanin/compare/figures.hpp>
#include <fanin/core/format.hpp>

namespace fanin::compare {
namespace {

constexpr Index most_picture_bytes = 100'000;  // of one model

/// The first run of a scheme whose first layer's filters are images.
const Run* run_with_filters(const Comparison& comparison, const std::string& model,
                            const std::string& scheme) {
  for (const Run& run : comparison.runs) {
    const FilterImages& one = run.filters;
    if (run.model == model && run.scheme == scheme && one.count > 0 && one.channels > 0 && one.height > 0 &&
        one.width > 0 && !one.before.empty())
      return &run;
  }
  return nullptr;
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

}  // namespace

void add_filter_figure(std::vector<Figure>& all, const Comparison& comparison, const std::string& model) {
  Figure figure{.kind = Figure::Kind::images,
                .name = "filters",
                .title = "First-layer filters",
                .series = series_of(comparison, model)};
  for (Series& series : figure.series) {
    const Run* run = run_with_filters(comparison, model, series.scheme);
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

}  // namespace fanin::compare
