#include <fmt/format.h>
#include <png.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include <fanin/compare/figure_svg.hpp>
#include <fanin/compare/html_text.hpp>
#include <fanin/compare/svg.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/format.hpp>

namespace fanin::compare {
namespace {

constexpr double wide = 860;
constexpr double gap = 18;

/// Bytes in text, for a data URI (RFC 4648).
std::string base64(const std::vector<png_byte>& bytes) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = bytes.size() - i;
    const std::uint32_t word = std::uint32_t{bytes[i]} << 16 |
                               (left > 1 ? std::uint32_t{bytes[i + 1]} << 8 : 0) |
                               (left > 2 ? bytes[i + 2] : 0);
    text += digits[word >> 18];
    text += digits[word >> 12 & 63];
    text += left > 1 ? digits[word >> 6 & 63] : '=';
    text += left > 2 ? digits[word & 63] : '=';
  }
  return text;
}

/// RGBA of 256 values: blue for negative, red for positive, near white for zero; value 0 is no pixel at all.
std::vector<png_byte> diverging_colors() {
  static constexpr double middle[] = {243, 243, 241}, negative[] = {33, 102, 172}, positive[] = {178, 24, 43};
  std::vector<png_byte> colors(std::size_t{256} * 4, 0);
  for (std::size_t value = 1; value < 256; ++value) {
    const double share = (static_cast<double>(value) - 128) / 127;
    for (std::size_t c = 0; c < 3; ++c) {
      const double end = share < 0 ? negative[c] : positive[c];
      colors[4 * value + c] =
          static_cast<png_byte>(std::lround(middle[c] + (end - middle[c]) * std::abs(share)));
    }
    colors[4 * value + 3] = 255;
  }
  return colors;
}

/// The picture as PNG, which is what an SVG can hold of pixels.
std::string data_uri(const Picture& picture) {
  png_image image;
  std::memset(&image, 0, sizeof image);
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(picture.width);
  image.height = static_cast<png_uint_32>(picture.height);
  std::vector<png_byte> pixels = picture.bytes;
  std::vector<png_byte> colors;
  if (picture.channels == 3) {
    image.format = PNG_FORMAT_RGBA;
    const std::size_t plane = picture.bytes.size() / 3;
    pixels.assign(4 * plane, 0);
    for (std::size_t i = 0; i < plane; ++i) {
      for (std::size_t c = 0; c < 3; ++c) pixels[4 * i + c] = picture.bytes[c * plane + i];
      pixels[4 * i + 3] = picture.bytes[i] == 0 ? 0 : 255;
    }
  } else {
    image.format = PNG_FORMAT_RGBA_COLORMAP;
    image.colormap_entries = 256;
    colors = diverging_colors();
  }
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  std::vector<png_byte> file(size);
  if (png_image_write_to_memory(&image, file.data(), &size, 0, pixels.data(), 0, colors.data()) == 0)
    fail("libpng cannot write a picture of {} × {} weights: {}", picture.width, picture.height,
         image.message);
  file.resize(size);
  return "data:image/png;base64," + base64(file);
}

/// An outline's corners as a path, closed along its foot: most of its lines are level or upright.
std::string outline(const std::vector<FigurePoint>& corners, const Axis& axis, const svg::Area& area) {
  std::string path, last_x, last_y;
  for (const FigurePoint& corner : corners) {
    const std::string x = svg::px(area.left + area.width * axis.place(corner.x));
    const std::string y = svg::px(area.bottom() - area.height * corner.y);
    if (path.empty())
      path = "M" + x + " " + y;
    else if (y == last_y)
      path += x == last_x ? "" : "H" + x;
    else
      path += x == last_x ? "V" + y : "L" + x + " " + y;
    last_x = x;
    last_y = y;
  }
  return path.empty() ? path : path + "z";
}

std::string histogram_panel(const Series& series, const svg::Area& panel) {
  const svg::Area area{panel.left, panel.top + 34, panel.width, panel.height - 56};
  std::string content =
      svg::text(panel.left, panel.top + 26, series.note, "start", true, 11) + svg::x_axis(series.panel, area);
  if (!series.before.empty())
    content +=
        fmt::format("<path class=\"st ft\" stroke=\"{0}\" fill=\"{0}\" fill-opacity=\"0.22\" d=\"{1}\"/>\n",
                    soft_color.light, outline(series.before, series.panel, area));
  if (!series.points.empty())
    content +=
        fmt::format("<g{}><path{} fill-opacity=\"0.28\" d=\"{}\"/></g>\n", svg::stroke(series.look.color),
                    svg::fill(series.look.color), outline(series.points, series.panel, area));
  return content;
}

std::string image_panel(const Series& series, const svg::Area& panel) {
  std::string content;
  const double width = (panel.width - 12) / 2;
  for (std::size_t i = 0; i < series.pictures.size(); ++i) {
    const Picture& one = series.pictures[i];
    const double left = panel.left + static_cast<double>(i) * (width + 12);
    content += svg::text(left, panel.top + 28, one.title, "start", true, 11);
    content += fmt::format(
        "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"xMidYMin\" "
        "style=\"image-rendering:pixelated\" href=\"{}\"/>\n",
        svg::px(left), svg::px(panel.top + 34), svg::px(width), svg::px(panel.height - 38), data_uri(one));
  }
  return content;
}

/// How tall a panel of pictures is: as its tallest.
double image_height(const Figure& figure, double width) {
  double ratio = 0;
  for (const Series& series : figure.series)
    for (const Picture& one : series.pictures)
      ratio = std::max(ratio, static_cast<double>(one.height) / static_cast<double>(one.width));
  return 38 + std::min(1.6, ratio) * (width - 12) / 2;
}

}  // namespace

std::string panels_svg(const Figure& figure) {
  const bool images = figure.kind == Figure::Kind::images;
  const std::size_t columns =
      std::min<std::size_t>(images ? 3 : 4, std::max<std::size_t>(1, figure.series.size()));
  const double width = (wide - gap * static_cast<double>(columns - 1)) / static_cast<double>(columns);
  const double height = images ? image_height(figure, width) : 150;
  const std::size_t rows = (figure.series.size() + columns - 1) / columns;
  std::string content;
  for (std::size_t i = 0; i < figure.series.size(); ++i) {
    const Series& series = figure.series[i];
    const svg::Area panel{static_cast<double>(i % columns) * (width + gap),
                          static_cast<double>(i / columns) * (height + gap) + 4, width, height};
    const auto characters = static_cast<int>(panel.width / 6.9);
    content += fmt::format("<text x=\"{}\" y=\"{}\" font-weight=\"bold\"{}>", svg::px(panel.left),
                           svg::px(panel.top + 10), svg::fill(series.look.color)) +
               html_escape(text::shorten(series.scheme, characters)) + "</text>\n";
    content += images ? image_panel(series, panel) : histogram_panel(series, panel);
  }
  return svg::picture(wide, static_cast<double>(rows) * (height + gap) + 4, figure.title, in_words(figure),
                      content);
}

}  // namespace fanin::compare
