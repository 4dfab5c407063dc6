#include <fanin/compare/html_text.hpp>
#include <fanin/core/printable.hpp>

namespace fanin::compare {

std::string html_escape(const std::string& text) {
  std::string safe;
  for (char c : printable_lines(text)) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      case '\'':
        safe += "&#39;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

}  // namespace fanin::compare
