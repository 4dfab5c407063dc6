#include <algorithm>

#include <fanin/core/console.hpp>
#include <fanin/core/format.hpp>
#include <fanin/core/locale.hpp>
#include <fanin/core/printable.hpp>
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
      const std::size_t end = std::max<std::size_t>({1, bytes_within(line, width), code_point(line).bytes});
      lines.push_back(line.substr(0, end));
      line.erase(0, end);
    }
    lines.push_back(line);
  }
  return lines;
}

constexpr int narrowest_prose =
    20;  // columns of text that a cell is not broken below, as long as there is a way
constexpr std::size_t continued = 4;  // margin of a row's further lines

/// As they will be shown, so that they are as wide as they are measured.
TextTable::Cells in_locale(TextTable::Cells cells) {
  for (auto& cell : cells) cell = fanin::in_locale(std::move(cell));
  return cells;
}

}  // namespace

TextTable::TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {
  for (Column& column : columns_) {
    column.title = fanin::in_locale(column.title);
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
  cells = in_locale(std::move(cells));
  measure(cells);
  rows_.push_back(std::move(cells));
}

std::string TextTable::line(const std::function<const std::string&(std::size_t)>& cell) const {
  std::string all;
  for (std::size_t first = 0; first < columns_.size();) {
    std::size_t end = first + 1;
    while (end < columns_.size() && !breaks_[end]) ++end;
    std::vector<std::vector<std::string>> cells;
    std::size_t height = 1;
    for (std::size_t i = first; i < end; ++i) {
      const bool fits = text_width(cell(i)) <= widths_[i];
      cells.push_back(fits ? std::vector<std::string>{cell(i)} : broken(cell(i), widths_[i]));
      height = std::max(height, cells.back().size());
    }
    for (std::size_t at = 0; at < height; ++at) {
      const std::size_t margin = first == 0 ? 0 : continued;
      std::string text(margin, ' ');
      for (std::size_t i = first; i < end; ++i) {
        const auto pad = columns_[i].right ? pad_left : pad_right;
        if (widths_[i] == 0) continue;
        if (text.size() > margin) text.append(static_cast<std::size_t>(gap_), ' ');
        text += pad(at < cells[i - first].size() ? cells[i - first][at] : std::string(), widths_[i]);
      }
      text.erase(text.find_last_not_of(' ') + 1);
      if (first == 0 || !text.empty()) all += text + "\n";
    }
    first = end;
  }
  return all;
}

void TextTable::shrink(std::size_t first, std::size_t end, int columns, int least_text) {
  const auto excess = [&] {
    int all = -columns - gap_;
    for (std::size_t i = first; i < end; ++i)
      if (widths_[i] > 0) all += widths_[i] + gap_;
    return all;
  };
  while (excess() > 0) {
    int* widest = nullptr;
    for (std::size_t i = first; i < end; ++i) {
      const int least = columns_[i].right ? widths_[i] : least_text > 0 ? std::max(least_[i], least_text) : 8;
      if (widths_[i] > least && (widest == nullptr || widths_[i] > *widest)) widest = &widths_[i];
    }
    if (widest == nullptr) return;
    --*widest;
  }
}

void TextTable::fit(int columns) {
  breaks_.assign(columns_.size(), false);
  if (columns <= 0) return;
  const auto whole = [&] {
    int all = -gap_;
    for (const int width : widths_)
      if (width > 0) all += width + gap_;
    return all;
  };
  if (whole() > columns) gap_ = 1;
  // Prose gives way first, down to its widest word; then a row goes on in further lines, and what is too wide for one
  // of its own is cut within words.
  const std::vector<int> natural = widths_;
  shrink(0, widths_.size(), columns, narrowest_prose);
  if (whole() <= columns) return;
  int used = -gap_;
  std::size_t first = 0;
  for (std::size_t i = 0; i <= widths_.size(); ++i) {
    const int room = columns - (first == 0 ? 0 : static_cast<int>(continued));
    const bool ends = i == widths_.size() || (i > first && widths_[i] > 0 && used + gap_ + widths_[i] > room);
    if (ends) {
      for (std::size_t k = first; k < i; ++k) {  // what room there is
        const int more = std::min(room - used, natural[k] - widths_[k]);
        if (more > 0) widths_[k] += more, used += more;
      }
      shrink(first, i, room, 0);
      if (i == widths_.size()) return;
      breaks_[i] = true;
      first = i;
      used = -gap_;
    }
    if (widths_[i] > 0) used += gap_ + widths_[i];
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
  for (std::size_t i = 0; i < count; ++i) measure(in_locale(row(i)));
  fit(output_width());
  say("{}", titles());
  for (std::size_t i = 0; i < count; ++i) {
    const Cells cells = in_locale(row(i));
    say("{}", line([&](std::size_t column) -> const std::string& { return cells[column]; }));
  }
}

}  // namespace fanin::text
