#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include <fanin/compare/figure_svg.hpp>
#include <fanin/compare/svg.hpp>
#include <fanin/core/format.hpp>

namespace fanin::compare {
namespace {

constexpr double wide = 640;
constexpr double row_height = 21;
constexpr int longest_label = 38;
constexpr std::size_t most_marked = 30;  // points of a line that are marked one by one

/// A triangle at the edge of the area: what it stands for is beyond it.
std::string arrow(double x, double y, double size, bool left) {
  const double d = left ? -size : size;
  return fmt::format("M{} {}l{} {}l{} {}z", svg::px(x), svg::px(y), svg::px(-d), svg::px(-0.7 * size),
                     svg::px(0), svg::px(1.4 * size));
}

std::string row_svg(const Figure& figure, const Series& row, const svg::Area& area, double y) {
  const auto at = [&](double value) {
    return area.left + area.width * std::clamp(figure.x.place(value), 0.0, 1.0);
  };
  std::string lines, marks, open, seeds;
  const double many = static_cast<double>(row.points.size());
  double offset = many > 1 ? -3.5 : 0;
  for (const FigurePoint& point : row.points) {
    const double line = y + std::exchange(offset, 3.5);
    if (std::isfinite(point.low) && std::isfinite(point.high) && figure.x.place(point.high) > 0 &&
        figure.x.place(point.low) < 1) {
      lines += fmt::format("M{} {}H{}", svg::px(at(point.low)), svg::px(line), svg::px(at(point.high)));
      for (const double end : {point.low, point.high}) {
        const double place = figure.x.place(end);
        if (place >= 0 && place <= 1)
          lines += fmt::format("M{} {}v8", svg::px(at(end)), svg::px(line - 4));
        else
          marks += arrow(at(end), line, 5, place < 0);
      }
    }
    const double place = figure.x.place(point.x);
    if (place < 0 || place > 1)
      marks += arrow(at(point.x), line, 9, place < 0);
    else
      (point.hollow ? open : marks) += svg::marker(row.look.marker, at(point.x), line, 4.6);
  }
  for (const double seed : row.seeds) {
    const double place = figure.x.place(seed);
    if (place >= 0 && place <= 1) seeds += svg::marker(Marker::circle, at(seed), y, 2.3);
  }
  std::string group = fmt::format("<g{} stroke-width=\"1.8\">", svg::stroke(row.look.color));
  if (!lines.empty()) group += fmt::format("<path fill=\"none\" d=\"{}\"/>", lines);
  if (!marks.empty()) group += fmt::format("<path{} d=\"{}\"/>", svg::fill(row.look.color), marks);
  if (!open.empty()) group += fmt::format("<path{} d=\"{}\"/>", svg::paper, open);
  if (!seeds.empty()) group += fmt::format("<path{} stroke-width=\"1\" d=\"{}\"/>", svg::paper, seeds);
  return group + "</g>\n";
}

/// Parts of a line that are in one piece, as a path.
std::string path_of(const std::vector<FigurePoint>& points, auto x, auto y) {
  std::string path;
  bool pen = false;
  for (const FigurePoint& point : points) {
    const bool there = std::isfinite(y(point));
    if (there) path += fmt::format("{}{} {}", pen ? "L" : "M", svg::px(x(point)), svg::px(y(point)));
    pen = there;
  }
  return path;
}

std::string band_of(const std::vector<FigurePoint>& points, auto x, auto low, auto high) {
  std::string forth, back;
  for (const FigurePoint& point : points) {
    if (!std::isfinite(low(point)) || !std::isfinite(high(point))) continue;
    forth += fmt::format("{}{} {}", forth.empty() ? "M" : "L", svg::px(x(point)), svg::px(high(point)));
    back = fmt::format("L{} {}", svg::px(x(point)), svg::px(low(point))) + back;
  }
  return forth.empty() ? "" : forth + back + "z";
}

/// A line with its band, and its markers apart: these may reach beyond the axes, by half their size.
struct LineSvg {
  std::string band, line, markers;
};
LineSvg series_svg(const Figure& figure, const Series& series, const svg::Area& area) {
  // A coordinate far outside is as good as one just outside, and shorter.
  const auto down = [&](double value) {
    return area.top + area.height * (1 - std::clamp(figure.y.place(value), -2.0, 3.0));
  };
  const auto x = [&](const FigurePoint& point) { return area.left + area.width * figure.x.place(point.x); };
  const auto y = [&](const FigurePoint& point) { return down(point.y); };
  const std::string band = band_of(
      series.points, x, [&](const FigurePoint& point) { return down(point.low); },
      [&](const FigurePoint& point) { return down(point.high); });
  const std::size_t color = series.look.color;
  LineSvg drawn;
  if (!band.empty())
    drawn.band = fmt::format("<path{} fill-opacity=\"0.12\" d=\"{}\"/>\n", svg::fill(color), band);
  const std::string_view dash = dashes[series.look.dash];
  const std::string pen = fmt::format("{} stroke-width=\"{}\"", svg::stroke(color), color == 0 ? 2.4 : 1.7);
  drawn.line = fmt::format("<path{} fill=\"none\"{} d=\"{}\"/>\n", pen,
                           dash.empty() ? "" : fmt::format(" stroke-dasharray=\"{}\"", dash),
                           path_of(series.points, x, y));
  std::string marks, open;
  const std::size_t every = series.points.size() <= most_marked ? 1 : series.points.size() / 8;
  for (std::size_t i = 0; i < series.points.size(); i += every) {
    const FigurePoint& point = series.points[i];
    const double place = figure.y.place(point.y);
    if (place >= 0 && place <= 1)
      (point.hollow ? open : marks) += svg::marker(series.look.marker, x(point), y(point), 3);
  }
  if (series.ends)
    drawn.markers +=
        fmt::format("<path fill=\"none\" stroke-width=\"3\" d=\"{}\"/>",
                    svg::marker(Marker::crossRot, x(series.points.back()), y(series.points.back()), 6));
  if (!marks.empty()) drawn.markers += fmt::format("<path{} d=\"{}\"/>", svg::fill(color), marks);
  if (!open.empty()) drawn.markers += fmt::format("<path{} d=\"{}\"/>", svg::paper, open);
  if (!drawn.markers.empty()) drawn.markers = fmt::format("<g{}>{}</g>\n", pen, drawn.markers);
  return drawn;
}

/// What is drawn in an area, without what lies more than `margin` beyond its edges.
std::string clipped(const svg::Area& area, double margin, const std::string& content) {
  return fmt::format(
      "<svg x=\"{0}\" y=\"{1}\" width=\"{2}\" height=\"{3}\" viewBox=\"{0} {1} {2} {3}\">\n{4}</svg>\n",
      svg::px(area.left - margin), svg::px(area.top - margin), svg::px(area.width + 2 * margin),
      svg::px(area.height + 2 * margin), content);
}

struct Legend {
  std::string content;
  double height;
};
Legend legend_svg(const Figure& figure, double top) {
  double widest = 0;
  for (const Series& series : figure.series)
    widest = std::max(widest, 46 + svg::text_width(text::shorten(series.scheme, longest_label), 11));
  const auto columns = std::max<std::size_t>(1, static_cast<std::size_t>((wide - 20) / widest));
  const std::size_t rows = (figure.series.size() + columns - 1) / columns;
  Legend legend{.content = "", .height = 18 * static_cast<double>(rows) + 8};
  for (std::size_t i = 0; i < figure.series.size(); ++i) {
    const Series& series = figure.series[i];
    const double x = 20 + static_cast<double>(i / rows) * (wide - 20) / static_cast<double>(columns);
    const double y = top + 10 + 18 * static_cast<double>(i % rows);
    const std::string_view dash = dashes[series.look.dash];
    legend.content +=
        fmt::format("<g{}><path fill=\"none\" stroke-width=\"2\"{} d=\"M{} {}h28\"/><path{} d=\"{}\"/></g>",
                    svg::stroke(series.look.color),
                    dash.empty() ? "" : fmt::format(" stroke-dasharray=\"{}\"", dash), svg::px(x), svg::px(y),
                    svg::fill(series.look.color), svg::marker(series.look.marker, x + 14, y, 3.4));
    legend.content +=
        svg::text(x + 34, y + 4, text::shorten(series.scheme, longest_label), "start", false, 11);
  }
  return legend;
}

}  // namespace

std::string rows_svg(const Figure& figure) {
  double labels = 0, notes = 0;
  for (const Series& row : figure.series) {
    labels = std::max(labels, svg::text_width(text::shorten(row.scheme, longest_label)));
    notes = std::max(notes, svg::text_width(row.note));
  }
  const svg::Area area{labels + 14, 8, wide - labels - notes - 34,
                       row_height * static_cast<double>(figure.series.size())};
  std::string content = svg::x_axis(figure.x, area);
  if (const double place = figure.x.place(figure.reference); place >= 0 && place <= 1)
    content +=
        fmt::format("<path{} fill=\"none\" d=\"M{} {}V{}\"/>\n", svg::stroke(0),
                    svg::px(area.left + area.width * place), svg::px(area.top), svg::px(area.bottom()));
  for (std::size_t i = 0; i < figure.series.size(); ++i) {
    const Series& row = figure.series[i];
    const double y = area.top + row_height * (static_cast<double>(i) + 0.5);
    content += svg::text(labels + 4, y + 4, text::shorten(row.scheme, longest_label), "end");
    content += row_svg(figure, row, area, y);
    content += svg::text(area.right() + 10, y + 4, row.note, "start", true);
  }
  return svg::picture(wide, area.bottom() + svg::x_axis_height(figure.x, area.width) + 4, figure.title,
                      in_words(figure), content);
}

std::string lines_svg(const Figure& figure) {
  const double left = svg::y_axis_width(figure.y) + 6;
  const svg::Area area{left, 10, wide - left - 16, 280};
  std::string content = svg::x_axis(figure.x, area) + svg::y_axis(figure.y, area);
  std::string bands, lines, markers;
  for (const Series& series : figure.series) {
    const LineSvg drawn = series_svg(figure, series, area);
    bands += drawn.band;
    lines += drawn.line;
    markers += drawn.markers;
  }
  content += clipped(area, 0, bands) + clipped(area, 1, lines) + clipped(area, 6, markers);
  const double below = area.bottom() + svg::x_axis_height(figure.x, area.width) + 8;
  const Legend legend = legend_svg(figure, below);
  return svg::picture(wide, below + legend.height, figure.title, in_words(figure), content + legend.content);
}

std::string figure_svg(const Figure& figure) {
  switch (figure.kind) {
    case Figure::Kind::rows:
      return rows_svg(figure);
    case Figure::Kind::lines:
      return lines_svg(figure);
    case Figure::Kind::histograms:
    case Figure::Kind::images:
      break;
  }
  return panels_svg(figure);
}

}  // namespace fanin::compare
