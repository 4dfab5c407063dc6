#pragma once
#include <string>

#include <fanin/compare/figure.hpp>

namespace fanin::compare {

/// The figure as an SVG fit for a paper: vectors, text as text, its legend and its words within it, no
/// script, nothing from elsewhere. On white; the page's style sheet recolours the one that stands in it.
std::string figure_svg(const Figure& figure);

/// @{
/// The parts of `figure_svg` by kind.
std::string rows_svg(const Figure& figure);
std::string lines_svg(const Figure& figure);
std::string panels_svg(const Figure& figure);
/// @}

}  // namespace fanin::compare
