#pragma once
#include <string>
#include <vector>

namespace fanin {

/// Up to three of the `known` names that `name` may be a slip of, by edit distance, or the beginning of, the nearest
/// first; else those of a family, as kaiming_uniform is of "kaiming", that it may be a slip of.
std::vector<std::string> nearest(const std::string& name, const std::vector<std::string>& known);

}  // namespace fanin
