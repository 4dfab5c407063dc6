#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <fanin/compare/html_text.hpp>
#include <fanin/compare/svg.hpp>
#include <fanin/core/format.hpp>

namespace fanin::compare::svg {
namespace {

constexpr int longest_name = 16;

/// Names stand upright where they fit, and lean where they do not; of many, every so manieth is written.
struct Names {
  bool lean;
  std::size_t every;
  double height;
};
Names names_of(const Axis& axis, double width) {
  double widest = 0;
  for (const Tick& tick : axis.ticks)
    widest = std::max(widest, text_width(text::shorten(tick.text, longest_name), 11));
  const double room = width / static_cast<double>(std::max<std::size_t>(1, axis.ticks.size()));
  if (widest + 6 <= room) return {false, 1, 20};
  return {true, static_cast<std::size_t>(std::ceil(13 / room)), 14 + 0.6 * widest};
}

std::string line(double x1, double y1, double x2, double y2) {
  return fmt::format("M{} {}L{} {}", px(x1), px(y1), px(x2), px(y2));
}

std::string grid(const std::string& path) {
  return fmt::format("<path class=\"sl\" stroke=\"{}\" fill=\"none\" d=\"{}\"/>\n", line_color.light, path);
}

}  // namespace

std::string px(double value) {
  std::string number = text::without_minus_zero(fmt::format("{:.1f}", value));
  if (number.ends_with(".0")) number.resize(number.size() - 2);
  return number;
}

double text_width(const std::string& text, double size) { return 0.56 * size * text::text_width(text); }

std::string text(double x, double y, const std::string& words, const char* at, bool soft, double size,
                 const std::string& more) {
  return fmt::format("<text x=\"{}\" y=\"{}\" class=\"{}\" fill=\"{}\"{}{}{}>{}</text>\n", px(x), px(y),
                     soft ? "ft" : "f0", soft ? soft_color.light : palette[0].light,
                     std::string(at) == "start" ? "" : fmt::format(" text-anchor=\"{}\"", at),
                     size == 12 ? "" : fmt::format(" font-size=\"{}\"", px(size)), more, html_escape(words));
}

std::string marker(Marker kind, double x, double y, double r) {
  const auto move = [](double a, double b) { return "M" + px(a) + " " + px(b); };
  const auto to = [](double a, double b) { return "l" + px(a) + " " + px(b); };
  const double s = 0.86 * r;
  const std::string diagonal = move(x - s, y - s) + to(2 * s, 2 * s) + move(x - s, y + s) + to(2 * s, -2 * s);
  switch (kind) {
    case Marker::circle:
      return fmt::format("M{} {}a{} {} 0 1 0 {} 0a{} {} 0 1 0 {} 0z", px(x - r), px(y), px(r), px(r),
                         px(2 * r), px(r), px(r), px(-2 * r));
    case Marker::rect:
      return move(x - s, y - s) + fmt::format("h{}v{}h{}z", px(2 * s), px(2 * s), px(-2 * s));
    case Marker::triangle:
      return move(x, y - r) + to(r, 1.75 * r) + fmt::format("h{}z", px(-2 * r));
    case Marker::rectRot:
      return move(x, y - 1.2 * r) + to(1.2 * r, 1.2 * r) + to(-1.2 * r, 1.2 * r) + to(-1.2 * r, -1.2 * r) +
             "z";
    case Marker::crossRot:
      return diagonal;
    case Marker::star:
      return diagonal + move(x, y - 1.2 * r) + to(0, 2.4 * r) + move(x - 1.2 * r, y) + to(2.4 * r, 0);
  }
  return {};
}

std::string stroke(std::size_t color) {
  return fmt::format(" class=\"s{}\" stroke=\"{}\"", color, palette[color].light);
}
std::string fill(std::size_t color) {
  return fmt::format(" class=\"f{}\" fill=\"{}\"", color, palette[color].light);
}

double x_axis_height(const Axis& axis, double width) {
  return (axis.names ? names_of(axis, width).height : 20) + (axis.title.empty() ? 0 : 18);
}

double y_axis_width(const Axis& axis) {
  double widest = 0;
  for (const Tick& tick : axis.ticks) widest = std::max(widest, text_width(tick.text, 11));
  return widest + 10 + (axis.title.empty() ? 0 : 18);
}

std::string x_axis(const Axis& axis, const Area& area) {
  std::string lines, words;
  const Names names = names_of(axis, area.width);
  std::size_t number = 0;
  for (const Tick& tick : axis.ticks) {
    const double x = area.left + area.width * axis.place(tick.value);
    lines += line(x, area.top, x, area.bottom());
    const double y = area.bottom() + 15;
    if (!axis.names)
      words += text(x, y, tick.text, "middle", true, 11);
    else if (!names.lean)
      words += text(x, y, text::shorten(tick.text, longest_name), "middle", true, 11);
    else if (number % names.every == 0)
      words += text(x + 3, y - 4, text::shorten(tick.text, longest_name), "end", true, 11,
                    fmt::format(" transform=\"rotate(-35 {} {})\"", px(x + 3), px(y - 4)));
    ++number;
  }
  lines += line(area.left, area.bottom(), area.right(), area.bottom());
  if (!axis.title.empty()) {
    words += text(area.left + area.width / 2, area.bottom() + x_axis_height(axis, area.width) - 3, axis.title,
                  "middle", true);
  }
  return grid(lines) + words;
}

std::string y_axis(const Axis& axis, const Area& area) {
  std::string lines, words;
  for (const Tick& tick : axis.ticks) {
    const double y = area.bottom() - area.height * axis.place(tick.value);
    lines += line(area.left, y, area.right(), y);
    words += text(area.left - 6, y + 4, tick.text, "end", true, 11);
  }
  lines += line(area.left, area.top, area.left, area.bottom());
  if (!axis.title.empty()) {
    const double x = area.left - y_axis_width(axis) + 11, y = area.top + area.height / 2;
    words += text(x, y, axis.title, "middle", true, 12,
                  fmt::format(" transform=\"rotate(-90 {} {})\"", px(x), px(y)));
  }
  return grid(lines) + words;
}

std::string picture(double width, double height, const std::string& title, const std::string& words,
                    const std::string& content) {
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" role=\"img\" "
      "font-family=\"Helvetica, Arial, 'Liberation Sans', sans-serif\" font-size=\"12\">\n<title>{2}</title>\n"
      "<desc>{3}</desc>\n{4}</svg>\n",
      px(width), px(height), html_escape(title), html_escape(words), content);
}

}  // namespace fanin::compare::svg
