#pragma once
#include <string>
#include <string_view>
#include <vector>

#include <fanin/train/start.hpp>

namespace fanin::compare {

/// A scheme of a comparison: its label and how it gives a model its first weights.
struct Scheme {
  std::string label;      ///< in every table and chart
  train::Start start;     ///< how it gives them
  std::string content{};  ///< further text that its result depends on: the checksum of a weight file

  /// `scheme` or `warm(FILE, …)`, whose label is the text; `{plan with; rules}`, whose label is the plan; or
  /// `label={plan with; rules}`. Error (usage) for another use of braces, and for what does not parse.
  static Scheme parse(const std::string& text);
};

/// A list of such texts, separated by `;` or line ends. One with sweeps (core/sweep.hpp),
/// `orthogonal(gain={1, 1.41})`, is several schemes; a label that was given to it gets behind it what tells
/// them apart: `mine={conv*=orthogonal(gain={1, 2})}` is `mine (gain=1)` and `mine (gain=2)`. Error (usage) as
/// for one, for two schemes with one label, and for more than 1000 of them.
std::vector<Scheme> parse_schemes(std::string_view text);

}  // namespace fanin::compare
