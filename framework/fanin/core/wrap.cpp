#include <algorithm>

#include <fanin/core/format.hpp>
#include <fanin/core/locale.hpp>
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

namespace {

/// Words as a shell sees them: spaces within quotes cut nothing.
std::vector<std::string> shell_words(std::string_view line) {
  std::vector<std::string> words(1);
  char quote = 0;
  for (std::size_t at = 0; at < line.size(); ++at) {
    const char c = line[at];
    if (quote == 0 && c == ' ') {
      if (!words.back().empty()) words.emplace_back();
      continue;
    }
    words.back() += c;
    if (c == '\\' && quote != '\'' && at + 1 < line.size())
      words.back() += line[++at];
    else if (quote == c)
      quote = 0;
    else if (quote == 0 && (c == '"' || c == '\''))
      quote = c;
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

}  // namespace

std::string command_lines(std::string_view command, int width) {
  const std::string margin(std::min(command.find_first_not_of(' '), command.size()), ' ');
  const std::string further = margin + "    ";
  std::string text, line = margin;
  for (const auto& word : shell_words(command)) {
    const bool first = line.size() <= further.size() && line.find_first_not_of(' ') == std::string::npos;
    if (!first && text_width(line) + 1 + text_width(word) + 2 > width) {
      text += line + " \\\n";
      line = further + word;
    } else {
      line += (first ? "" : " ") + word;
    }
  }
  return text + line + "\n";
}

std::string folded(std::string_view lines, int width) {
  std::string text;
  bool command = false;  // the line before ends in a backslash: a command that may be pasted
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    const std::string_view line = lines.substr(0, end);
    const bool goes_on = line.ends_with('\\');
    if (command || goes_on || text_width(line) <= width) {
      text += line;
    } else {
      const std::string margin(std::min(line.find_first_not_of(' '), line.size()), ' ');
      const std::string further = margin + "  ";
      // The first line is two columns narrower than it may be, so that all are cut alike.
      const auto pieces = wrapped(line, std::max(20, width - static_cast<int>(further.size())));
      for (const auto& piece : pieces) text += (&piece == &pieces[0] ? margin : "\n" + further) + piece;
    }
    command = goes_on;
    if (end == lines.size()) break;
    text += '\n';
    lines.remove_prefix(end + 1);
  }
  return text;
}

std::string hanging(const std::string& said, std::string_view what, int indent, int width) {
  const std::string head = in_locale(said), body = in_locale(std::string(what));
  indent = std::min(indent, std::max(width - 24, 2));  // on narrow lines the body keeps some room
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
