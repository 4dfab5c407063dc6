#include "examples/commands/text_table.hpp"

#include <algorithm>

#include "framework/core/printable.hpp"

namespace fanin::program {

std::string TextTable::to_string() const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = characters(columns_[i].title);
    for (const auto& row : rows_) width = std::max(width, characters(row[i]));
    widths.push_back(width);
  }
  const auto line = [&](auto cell) {
    std::string text;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::string& content = cell(i);
      const std::string space(widths[i] - characters(content), ' ');
      text += (i > 0 ? "  " : "") + (columns_[i].right ? space + content : content + space);
    }
    return text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
  };
  std::string text = line([&](std::size_t i) -> const std::string& { return columns_[i].title; });
  for (const auto& row : rows_) text += line([&](std::size_t i) -> const std::string& { return row[i]; });
  return text;
}

}  // namespace fanin::program
