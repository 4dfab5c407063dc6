#include <algorithm>
#include <numeric>

#include <fanin/core/console.hpp>
#include <fanin/core/format.hpp>
#include <fanin/core/terminal.hpp>
#include <fanin/core/text_table.hpp>
#include <fanin/core/wrap.hpp>

namespace fanin::text {
namespace {

int widest_word(const std::string& text) {
  int widest = 0;
  for (const auto& word : wrapped(text, 1)) widest = std::max(widest, text_width(word));
  return widest;
}

/// At spaces, and within words that are wider.
std::vector<std::string> broken(const std::string& text, int width) {
  std::vector<std::string> lines;
  for (std::string line : wrapped(text, width)) {
    while (text_width(line) > width) {
      std::size_t end = 0;
      for (int columns = 0; end < line.size(); ++end)
        if (starts_code_point(line[end]) && ++columns > width) break;
      lines.push_back(line.substr(0, end));
      line.erase(0, end);
    }
    lines.push_back(line);
  }
  return lines;
}

}  // namespace

TextTable::TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {
  for (const Column& column : columns_) {
    widths_.push_back(text_width(column.title));
    least_.push_back(widest_word(column.title));
  }
}

void TextTable::measure(const Cells& cells) {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    widths_[i] = std::max(widths_[i], text_width(cells[i]));
    least_[i] = std::max(least_[i], widest_word(cells[i]));
  }
}

void TextTable::add(Cells cells) {
  measure(cells);
  rows_.push_back(std::move(cells));
}

std::string TextTable::line(const std::function<const std::string&(std::size_t)>& cell) const {
  std::vector<std::vector<std::string>> cells;
  std::size_t height = 1;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const bool fits = text_width(cell(i)) <= widths_[i];
    cells.push_back(fits ? std::vector<std::string>{cell(i)} : broken(cell(i), widths_[i]));
    height = std::max(height, cells.back().size());
  }
  std::string all;
  for (std::size_t at = 0; at < height; ++at) {
    std::string text;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const auto pad = columns_[i].right ? pad_left : pad_right;
      if (widths_[i] == 0) continue;
      if (!text.empty()) text.append(static_cast<std::size_t>(gap_), ' ');
      text += pad(at < cells[i].size() ? cells[i][at] : std::string(), widths_[i]);
    }
    all += text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
  }
  return all;
}

void TextTable::fit(int columns) {
  if (columns <= 0) return;
  const auto excess = [&] {
    const auto shown = static_cast<int>(
        widths_.size() - static_cast<std::size_t>(std::count(widths_.begin(), widths_.end(), 0)));
    return std::accumulate(widths_.begin(), widths_.end(), gap_ * (shown - 1)) - columns;
  };
  if (excess() > 0) gap_ = 1;
  // The widest gives way first, down to its widest word; then names and texts do, cut within a word.
  for (const bool within_words : {false, true}) {
    while (excess() > 0) {
      int* widest = nullptr;
      for (std::size_t i = 0; i < widths_.size(); ++i) {
        const int least = !within_words ? least_[i] : columns_[i].right ? widths_[i] : 8;
        if (widths_[i] > least && (widest == nullptr || widths_[i] > *widest)) widest = &widths_[i];
      }
      if (widest == nullptr) break;
      --*widest;
    }
  }
}

std::string TextTable::titles() const {
  return line([&](std::size_t i) -> const std::string& { return columns_[i].title; });
}

std::string TextTable::to_string(int width) const {
  TextTable fitted = *this;
  fitted.fit(width);
  std::string text = fitted.titles();
  for (const Cells& cells : rows_)
    text += fitted.line([&](std::size_t i) -> const std::string& { return cells[i]; });
  return text;
}

void TextTable::print(std::size_t count, const std::function<Cells(std::size_t)>& row) {
  for (std::size_t i = 0; i < count; ++i) measure(row(i));
  fit(output_width());
  say("{}", titles());
  for (std::size_t i = 0; i < count; ++i) {
    const Cells cells = row(i);
    say("{}", line([&](std::size_t column) -> const std::string& { return cells[column]; }));
  }
}

}  // namespace fanin::text
