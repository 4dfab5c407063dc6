#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace fanin::text {

/// Lines of at most `width` columns, cut at spaces; a word that is wider has a line of its own. At least one.
std::vector<std::string> wrapped(std::string_view text, int width);

/// `head`, then `body` from column `indent` on, wrapped to `width`: under the head where it leaves no space.
/// Each line with its end.
std::string hanging(const std::string& head, std::string_view body, int indent, int width);

}  // namespace fanin::text
