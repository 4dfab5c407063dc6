#pragma once
#include <string>

#include <fanin/compare/results.hpp>

namespace fanin::compare {

/// The summary as aligned text, one block a model, best mean first and marked with its ties (`leaders`), no
/// line longer than `width` columns (at most 200; at least 40 is assumed). Where the schemes' names leave no
/// room, less important columns are dropped, then names are cut with "…". Ends with a newline.
std::string summary_table(const Comparison& comparison, int width = 100);

}  // namespace fanin::compare
