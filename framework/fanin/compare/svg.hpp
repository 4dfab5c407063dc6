#pragma once
#include <string>

#include <fanin/compare/axis.hpp>
#include <fanin/compare/looks.hpp>

/// @file
/// Pieces of an SVG, for this folder's .cpp files. Every coloured piece has its colour on white as an
/// attribute, which a file keeps, and a class, by which the page's style sheet replaces it on a dark screen:
/// s0, s1, … for strokes and f0, f1, … for fills of the palette, st, ft, sl and fp for text, lines and paper.
namespace fanin::compare::svg {

/// Where something is drawn, in pixels.
struct Area {
  double left, top, width, height;                ///< of its upper left corner; its extent
  double right() const { return left + width; }   ///< its far side
  double bottom() const { return top + height; }  ///< its lower side
};

/// A coordinate with one decimal, or none where it is whole.
std::string px(double value);
/// About how wide a text of so many characters is.
double text_width(const std::string& text, double size = 12);
/// `at` is start, middle or end; soft text is what stands beside the axes.
std::string text(double x, double y, const std::string& words, const char* at = "start", bool soft = false,
                 double size = 12, const std::string& more = {});
/// A path's commands for a marker about (x, y) of a radius.
std::string marker(Marker kind, double x, double y, double radius);
/// Attributes: the palette's colour as stroke, and as fill.
std::string stroke(std::size_t color);
std::string fill(std::size_t color);                                ///< as `stroke`
inline const std::string paper = " class=\"fp\" fill=\"#ffffff\"";  ///< attributes of the ground

/// Grid lines, ticks and title of a horizontal axis below the area, and of a vertical one at its left.
std::string x_axis(const Axis& axis, const Area& area);
std::string y_axis(const Axis& axis, const Area& area);  ///< as `x_axis`
/// How much room below the area a horizontal axis takes.
double x_axis_height(const Axis& axis, double width);
/// How much room at the left a vertical axis takes.
double y_axis_width(const Axis& axis);

/// A whole picture: `content` in a frame of this size, with a name and a description for readers.
std::string picture(double width, double height, const std::string& title, const std::string& words,
                    const std::string& content);

}  // namespace fanin::compare::svg
