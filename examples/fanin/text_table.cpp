#include "examples/fanin/text_table.hpp"

#include <fmt/format.h>

#include <algorithm>

#include <fanin/core/console.hpp>
#include <fanin/core/printable.hpp>

namespace fanin::program {

TextTable::TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {
  for (const Column& column : columns_) widths_.push_back(characters(column.title));
}

void TextTable::add(const std::vector<std::string>& cells) {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    widths_[i] = std::max(widths_[i], characters(cells[i]));
    cells_ += cells[i];
    cells_ += '\0';
  }
}

void TextTable::lines(const std::function<void(const std::string&)>& take) const {
  const auto line = [&](auto cell) {
    std::string text;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::string content(cell(i));
      const std::string space(widths_[i] - characters(content), ' ');
      text += (i > 0 ? "  " : "") + (columns_[i].right ? space + content : content + space);
    }
    take(text.substr(0, text.find_last_not_of(' ') + 1) + "\n");
  };
  line([&](std::size_t i) { return std::string_view(columns_[i].title); });
  for (std::size_t at = 0; at < cells_.size();) {
    line([&](std::size_t) {
      const std::string_view cell = std::string_view(cells_).substr(at, cells_.find('\0', at) - at);
      at += cell.size() + 1;
      return cell;
    });
  }
}

std::string TextTable::to_string() const {
  std::string text;
  lines([&](const std::string& line) { text += line; });
  return text;
}

void TextTable::print() const {
  lines([](const std::string& line) { say("{}", line); });
}

}  // namespace fanin::program
