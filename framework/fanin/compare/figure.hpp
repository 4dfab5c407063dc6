#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include <fanin/compare/axis.hpp>
#include <fanin/compare/looks.hpp>

namespace fanin::compare {

/// A small image of weights: bytes [channels, height, width], 128 for zero, 1 and 255 for ∓ the largest.
struct Picture {
  std::string title = {};                ///< "before, ±0.12"
  Index width = 0;                       ///< pixels
  Index height = 0;                      ///< pixels
  Index channels = 1;                    ///< 1: blue to red through white; 3: a colour image
  std::vector<std::uint8_t> bytes = {};  ///< row-major
};

/// A value of a series. Its interval goes along y in a figure of lines, along x in one of rows.
struct FigurePoint {
  double x = unknown;     ///< on the figure's x axis
  double y = unknown;     ///< on its y axis; in a figure of rows it is not used
  double low = unknown;   ///< where the interval begins; unknown: there is none
  double high = unknown;  ///< where it ends
  bool hollow =
      false;  ///< drawn open: a second measure of the same row, or a zero on a logarithmic axis' floor
  bool operator==(const FigurePoint&) const = default;
};

/// What a figure shows of one scheme.
struct Series {
  std::string scheme = {};               ///< its label
  Look look = {};                        ///< the scheme's
  std::vector<FigurePoint> points = {};  ///< a line's, from left to right; or a row's
  std::vector<double> seeds = {};        ///< single runs' values, small, in a figure of rows
  std::string note = {};                 ///< at the row's right end; above the panel
  bool ends = false;                     ///< a line that ends early: its first seed diverged there
  Axis panel = {};                       ///< x of its panel of histograms
  std::vector<FigurePoint> before = {};  ///< corners of the outline of the weights' histogram before training
  std::vector<Picture> pictures = {};    ///< of a figure of images
};

/// What is drawn, apart from how: the page's charts, its print and the files of `fanin report` are made of
/// the same value.
struct Figure {
  /// A row a scheme, with points and intervals; lines over x with bands; a panel of histograms a scheme, or
  /// of images.
  enum class Kind { rows, lines, histograms, images };

  Kind kind = Kind::rows;           ///< how it is drawn
  std::string name = {};            ///< of its files, unique within a model: "accuracy"
  std::string title = {};           ///< a few words
  std::string caption = {};         ///< what is shown, what points and intervals are: a sentence or two
  std::string group = {};           ///< figures of a group are shown one at a time, and `choice` names them
  std::string choice = {};          ///< "fc1.weight"
  Axis x = {};                      ///< of rows and lines
  Axis y = {};                      ///< of lines alone
  double reference = unknown;       ///< on x, where a line stands that rows are held against
  std::vector<Series> series = {};  ///< in the order drawn; rows from the top
};

/// The figure in words, for whom it cannot be seen by: every series' value and interval, or where its line
/// begins and ends.
std::string in_words(const Figure& figure);

}  // namespace fanin::compare
