#include <algorithm>

#include <fanin/core/format.hpp>
#include <fanin/core/wrap.hpp>

namespace fanin::text {

std::vector<std::string> wrapped(std::string_view text, int width) {
  std::vector<std::string> lines(1);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string_view word = text.substr(at, end - at);
    at = end + 1;
    if (word.empty()) continue;
    if (!lines.back().empty() && text_width(lines.back()) + 1 + text_width(word) > width)
      lines.emplace_back();
    if (!lines.back().empty()) lines.back() += ' ';
    lines.back() += word;
  }
  return lines;
}

std::string hanging(const std::string& head, std::string_view body, int indent, int width) {
  std::string text = head;
  bool fresh = head.empty() || text_width(head) < indent;  // the head's own line has room
  if (fresh) text = pad_right(head, indent);
  for (const std::string& line : wrapped(body, std::max(20, width - indent))) {
    if (line.empty()) break;
    if (!fresh) text += "\n" + std::string(static_cast<std::size_t>(indent), ' ');
    text += line;
    fresh = false;
  }
  return text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
}

}  // namespace fanin::text
