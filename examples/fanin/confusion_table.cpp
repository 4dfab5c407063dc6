#include "examples/fanin/confusion_table.hpp"

#include <algorithm>
#include <vector>

#include <fanin/core/format.hpp>
#include <fanin/core/locale.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/core/text_table.hpp>

namespace fanin::program {
namespace {

constexpr std::size_t longest_name = 24;
constexpr const char* corner = "true \\ predicted";

/// The classes' names, or their numbers.
std::vector<std::string> heads_of(const train::Confusion& confusion, const data::Dataset& data,
                                  bool numbers) {
  std::vector<std::string> heads;
  for (int c = 0; c < confusion.classes; ++c)
    heads.push_back(numbers ? std::to_string(c) : in_locale(printable(data.class_name(c), longest_name)));
  return heads;
}

/// Columns of the first one, and of each of the others with the space before it.
struct Widths {
  int label = 0, cell = 0;
};
Widths widths_of(const train::Confusion& confusion, const std::vector<std::string>& labels,
                 const std::vector<std::string>& heads) {
  Widths widths{.label = text::text_width(corner)};
  for (const auto& one : labels) widths.label = std::max(widths.label, text::text_width(one));
  for (const auto& one : heads) widths.cell = std::max(widths.cell, text::text_width(one));
  for (const Index count : confusion.counts)
    widths.cell = std::max(widths.cell, static_cast<int>(std::to_string(count).size()));
  ++widths.cell;
  return widths;
}

}  // namespace

std::string confusion_table(const train::Confusion& confusion, const data::Dataset& data, int width) {
  constexpr int sums = 9;  // "  samples"
  const std::vector<std::string> names = heads_of(confusion, data, false);
  std::vector<std::string> labels = names, heads = names;
  Widths widths = widths_of(confusion, labels, heads);
  if (widths.label + confusion.classes * widths.cell + sums > width) {
    heads = heads_of(confusion, data, true);
    for (std::size_t c = 0; c < labels.size(); ++c)
      if (labels[c] != heads[c]) labels[c] = heads[c] + " " + labels[c];
    widths = widths_of(confusion, labels, heads);
  }
  const int at_once = std::max(1, (width - widths.label - sums) / widths.cell);
  std::string text;
  for (int first = 0; first < confusion.classes; first += at_once) {
    const int end = std::min(first + at_once, confusion.classes);
    std::vector<text::TextTable::Column> columns = {{corner}};
    for (int guess = first; guess < end; ++guess)
      columns.push_back({heads[static_cast<std::size_t>(guess)], true});
    columns.push_back({"samples", true});
    text::TextTable table(columns);
    for (int truth = 0; truth < confusion.classes; ++truth) {
      text::TextTable::Cells cells = {labels[static_cast<std::size_t>(truth)]};
      Index samples = 0;
      for (int guess = 0; guess < confusion.classes; ++guess) samples += confusion.at(truth, guess);
      for (int guess = first; guess < end; ++guess)
        cells.push_back(std::to_string(confusion.at(truth, guess)));
      cells.push_back(std::to_string(samples));
      table.add(std::move(cells));
    }
    text += (text.empty() ? "" : "\n") + table.to_string(width);
  }
  return text;
}

}  // namespace fanin::program
