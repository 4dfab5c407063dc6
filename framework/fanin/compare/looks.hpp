#pragma once
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <fanin/compare/results.hpp>

namespace fanin::compare {

/// What marks a value; the names are Chart.js's.
enum class Marker { circle, rect, triangle, rectRot, crossRot, star };

/// How a scheme looks in every figure and table: what is assigned once, and nowhere chosen anew.
struct Look {
  std::size_t color = 0;           ///< in `palette`
  std::size_t dash = 0;            ///< in `dashes`
  Marker marker = Marker::circle;  ///< of its points
  bool operator==(const Look&) const = default;
};

/// A colour on white paper and on the dark page, as "#rrggbb".
struct Color {
  const char* light;  ///< contrast to white at least 3 : 1
  const char* dark;   ///< contrast to the dark page's ground at least 4.5 : 1
};

/// The first is the text's and the baseline's. The others start from Okabe and Ito's ("Color universal
/// design", 2008), moved until all are as far apart as they can be, for normal sight and for protanopia,
/// deuteranopia and tritanopia after Machado et al. (2009), at the contrast that thin lines need.
inline constexpr std::array<Color, 8> palette = {{{"#16191f", "#e8eaee"},
                                                  {"#0470af", "#549fd8"},
                                                  {"#d55e00", "#ff8a3d"},
                                                  {"#009e73", "#28c993"},
                                                  {"#cc79a7", "#e79bc6"},
                                                  {"#8e4700", "#ffce44"},
                                                  {"#4d94ff", "#91d3ff"},
                                                  {"#6648c3", "#9c8bfc"}}};

/// @{
/// Colours of what is no scheme: text beside the axes, their lines, the ground.
inline constexpr Color soft_color = {"#5c6470", "#a2abb8"};
inline constexpr Color line_color = {"#dfe3e8", "#333a45"};
inline constexpr Color paper_color = {"#ffffff", "#14171c"};
/// @}

/// Lengths of strokes and gaps, in pixels, as SVG writes them.
inline constexpr std::array<std::string_view, 4> dashes = {"", "7 3", "2 2.5", "9 3 2 3"};

/// Chart.js's and the page's name of a marker.
const char* name_of(Marker marker);

/// The looks of `schemes`, in their order. The baseline is the text's colour, solid. No two of 29 share
/// colour and dash, and no two of 43 colour and marker.
std::vector<Look> looks_of(const std::vector<std::string>& schemes, const std::string& baseline);

/// The look as a small picture for a table's row or a legend.
std::string look_html(const Look& look);

/// The palette as the variables `--c0`, `--c1`, … and `--soft`, `--line`, `--paper` of a style sheet: on
/// white, and on a dark screen; and the classes by which drawings take them (svg.hpp).
std::string palette_css();

}  // namespace fanin::compare
