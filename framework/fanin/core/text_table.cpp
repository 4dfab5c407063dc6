#include <algorithm>

#include <fanin/core/console.hpp>
#include <fanin/core/format.hpp>
#include <fanin/core/text_table.hpp>

namespace fanin::text {

TextTable::TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {
  for (const Column& column : columns_) widths_.push_back(text_width(column.title));
}

void TextTable::measure(const Cells& cells) {
  for (std::size_t i = 0; i < columns_.size(); ++i) widths_[i] = std::max(widths_[i], text_width(cells[i]));
}

void TextTable::add(Cells cells) {
  measure(cells);
  rows_.push_back(std::move(cells));
}

std::string TextTable::line(const std::function<const std::string&(std::size_t)>& cell) const {
  std::string text;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const auto pad = columns_[i].right ? pad_left : pad_right;
    text += (i > 0 ? "  " : "") + pad(cell(i), widths_[i]);
  }
  return text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
}

std::string TextTable::titles() const {
  return line([&](std::size_t i) -> const std::string& { return columns_[i].title; });
}

std::string TextTable::to_string() const {
  std::string text = titles();
  for (const Cells& cells : rows_)
    text += line([&](std::size_t i) -> const std::string& { return cells[i]; });
  return text;
}

void TextTable::print(std::size_t count, const std::function<Cells(std::size_t)>& row) {
  for (std::size_t i = 0; i < count; ++i) measure(row(i));
  say("{}", titles());
  for (std::size_t i = 0; i < count; ++i) {
    const Cells cells = row(i);
    say("{}", line([&](std::size_t column) -> const std::string& { return cells[column]; }));
  }
}

}  // namespace fanin::text
