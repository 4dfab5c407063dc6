#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace fanin {

/// A call text with one value taken of each of its sweeps.
struct SweepChoice {
  std::string text = {};  ///< without sweeps
  std::vector<std::string> chosen =
      {};  ///< `gain=1.41` for each sweep in turn; a value alone where it has no key
};

/// The texts that `text` stands for. A sweep is a value in braces, `orthogonal(gain={1, 1.41, 2})`, and as good
/// as several texts with one of its values each. Several sweeps are all their combinations, the last one
/// varying fastest; a value may be a call that has sweeps of its own. Braces outside parentheses, within quotes
/// and within a word are no sweeps. A text without any is returned as it is.
///
/// Error (usage) with the position for a brace that is not closed, a sweep or a value that is empty, a sweep
/// directly in another, and more than 1000 combinations.
std::vector<SweepChoice> expand_sweeps(std::string_view text);

}  // namespace fanin
