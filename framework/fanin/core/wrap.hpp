#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace fanin::text {

/// Lines of at most `width` columns, cut at spaces; a word that is wider has a line of its own. At least one.
std::vector<std::string> wrapped(std::string_view text, int width);

/// Lines of prose of any width, as lines of at most `width` columns: what does not fit is cut at spaces and goes on
/// below, two columns further in than its line begins.
std::string folded(std::string_view lines, int width);

/// A command line as lines of at most `width` columns that a shell reads as one: cut between words, with a backslash.
std::string command_lines(std::string_view command, int width);

/// `head`, then `body` from column `indent` on, as the locale shows them, wrapped to `width`: under the head where it leaves no space,
/// and further left where fewer than 24 columns would be its own. Each line with its end.
std::string hanging(const std::string& head, std::string_view body, int indent, int width);

}  // namespace fanin::text
