#pragma once
#include <string>

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

}  // namespace fanin::compare
