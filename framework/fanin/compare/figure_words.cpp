#include <fmt/format.h>

#include <cmath>

#include <fanin/compare/figure.hpp>
#include <fanin/core/format.hpp>

namespace fanin::compare {
namespace {

/// A value in the unit of its axis: shares are shown in percent.
std::string value_text(const Axis& axis, double value) {
  if (axis.title.find('%') != std::string::npos) return text::percent(value) + " %";
  if (axis.title == "percentage points") return text::signed_percent(value) + " points";
  return fmt::format("{:.4g}", value);
}

std::string interval_text(const Axis& axis, const FigurePoint& point) {
  if (!std::isfinite(point.low) || !std::isfinite(point.high)) return "";
  return fmt::format(" (95 % interval {} to {})", value_text(axis, point.low), value_text(axis, point.high));
}

std::string place_text(const Axis& axis, double x) {
  if (axis.names && x >= 0 && x < static_cast<double>(axis.ticks.size()))
    return "at " + axis.ticks[static_cast<std::size_t>(x)].text;
  return fmt::format("at {} {:.6g}", axis.title, x);
}

std::string words_of(const Figure& figure, const Series& series) {
  switch (figure.kind) {
    case Figure::Kind::rows: {
      std::string text;
      for (const FigurePoint& point : series.points)
        text +=
            (text.empty() ? "" : ", and ") + value_text(figure.x, point.x) + interval_text(figure.x, point);
      return text;
    }
    case Figure::Kind::lines: {
      const auto at = [&](const FigurePoint& point) {
        const bool zero = point.hollow && figure.y.logarithmic;
        return (zero ? "0" : value_text(figure.y, point.y)) + interval_text(figure.y, point) + " " +
               place_text(figure.x, point.x);
      };
      const FigurePoint& last = series.points.back();
      return series.points.size() == 1 ? at(last) : at(series.points.front()) + ", " + at(last);
    }
    case Figure::Kind::histograms: {
      // Where x is a share, every panel has the same range.
      if (!series.panel.title.empty()) return series.note;
      const auto range = [](const std::vector<FigurePoint>& outline) {
        return outline.empty() ? std::string("nothing")
                               : fmt::format("from {:.3g} to {:.3g}", outline.front().x, outline.back().x);
      };
      return "before " + range(series.before) + ", after " + range(series.points) +
             (series.note.empty() ? "" : ", " + series.note);
    }
    case Figure::Kind::images: {
      std::string text;
      for (const Picture& one : series.pictures) text += (text.empty() ? "" : "; ") + one.title;
      return text;
    }
  }
  return {};
}

}  // namespace

std::string in_words(const Figure& figure) {
  std::string text = figure.title + ".";
  for (const Series& series : figure.series)
    text += fmt::format(" {}: {}.", series.scheme, words_of(figure, series));
  return text;
}

}  // namespace fanin::compare
