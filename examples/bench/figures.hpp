#pragma once
#include <optional>
#include <string>
#include <vector>

namespace fanin::bench {

using Figure = std::optional<double>;  ///< empty where there is nothing to measure
using Samples = std::vector<double>;

Figure median(Samples values);
bool by_median(const Samples& a, const Samples& b);
/// Of measures taken in turn: the median over the pairs, so that a slow minute of the machine weighs on both
/// sides.
Figure median_ratio(const Samples& above, const Samples& below);

/// Three digits, or whole from 1000 on; "–" when empty.
std::string text_of(Figure figure, const char* unit = "");
/// Rows of text as a Markdown table whose columns line up on a terminal; the first row is the heading.
std::string markdown(const std::vector<std::vector<std::string>>& rows);

/// "AMD EPYC, 2 cores, load average 0.3".
std::string machine();

}  // namespace fanin::bench
