#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <set>
#include <string>
#include <tuple>

#include <fanin/compare/looks.hpp>

using namespace fanin::compare;

namespace {

using Triple = std::array<double, 3>;

/// Linear red, green and blue of "#rrggbb".
Triple linear(const std::string& hex) {
  Triple rgb{};
  for (std::size_t i = 0; i < 3; ++i) {
    const double c = static_cast<double>(std::strtol(hex.substr(1 + 2 * i, 2).c_str(), nullptr, 16)) / 255;
    rgb[i] = c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
  }
  return rgb;
}

double luminance(const Triple& rgb) { return 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2]; }

/// As WCAG 2 defines it.
double contrast(const std::string& a, const std::string& b) {
  const double one = luminance(linear(a)), other = luminance(linear(b));
  return (std::max(one, other) + 0.05) / (std::min(one, other) + 0.05);
}

using Sight = std::array<Triple, 3>;
/// Machado, Oliveira and Fernandes (2009), table of severity 1.
constexpr Sight sights[] = {
    {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}},
    {{{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}}},
    {{{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}}},
    {{{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}}}};

/// CIE L*a*b* of a colour as such an eye sees it.
Triple lab(const std::string& hex, const Sight& sight) {
  const Triple plain = linear(hex);
  Triple rgb{};
  for (std::size_t i = 0; i < 3; ++i)
    rgb[i] = std::clamp(sight[i][0] * plain[0] + sight[i][1] * plain[1] + sight[i][2] * plain[2], 0.0, 1.0);
  const auto root = [](double t) { return t > 0.008856 ? std::cbrt(t) : 7.787 * t + 16.0 / 116; };
  const double x = root((0.4124 * rgb[0] + 0.3576 * rgb[1] + 0.1805 * rgb[2]) / 0.95047);
  const double y = root(luminance(rgb));
  const double z = root((0.0193 * rgb[0] + 0.1192 * rgb[1] + 0.9505 * rgb[2]) / 1.08883);
  return {116 * y - 16, 500 * (x - y), 200 * (y - z)};
}

double distance(const Triple& a, const Triple& b) {
  return std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

}  // namespace

TEST_CASE("thin lines of every colour are seen on white and on the dark page") {
  for (const Color& color : palette) {
    CAPTURE(color.light);
    CHECK(contrast(color.light, paper_color.light) >= 3);
    CHECK(contrast(color.dark, paper_color.dark) >= 4.5);
  }
  CHECK(contrast(soft_color.light, paper_color.light) >= 4.5);
  CHECK(contrast(soft_color.dark, paper_color.dark) >= 4.5);
}

TEST_CASE("colours are told apart with normal sight, protanopia, deuteranopia and tritanopia") {
  for (const Sight& sight : sights) {
    for (std::size_t i = 0; i < palette.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        CAPTURE(palette[i].light);
        CAPTURE(palette[j].light);
        CHECK(distance(lab(palette[i].light, sight), lab(palette[j].light, sight)) > 15);
        CHECK(distance(lab(palette[i].dark, sight), lab(palette[j].dark, sight)) > 15);
      }
    }
  }
}

TEST_CASE("no two of 29 schemes share colour and dash, and no two of 43 colour and marker") {
  std::vector<std::string> schemes;
  for (int i = 0; i < 43; ++i) schemes.push_back("scheme " + std::to_string(i));
  const std::vector<Look> looks = looks_of(schemes, "scheme 5");
  CHECK(looks[5] == Look{});
  std::set<std::pair<std::size_t, std::size_t>> lines;
  std::set<std::pair<std::size_t, Marker>> marks;
  for (std::size_t i = 0; i < looks.size(); ++i) {
    if (i < 29) CHECK(lines.emplace(looks[i].color, looks[i].dash).second);
    CHECK(marks.emplace(looks[i].color, looks[i].marker).second);
    CHECK((looks[i].color == 0) == (i == 5));
  }
}

TEST_CASE("without its baseline a comparison gives nobody the text's colour") {
  CHECK(looks_of({"a", "b"}, "c")[0].color == 1);
  CHECK(looks_of({}, "a").empty());
}
