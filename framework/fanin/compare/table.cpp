#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include <fanin/compare/csv_field.hpp>
#include <fanin/compare/table.hpp>
#include <fanin/core/printable.hpp>

namespace fanin::compare {
namespace {

/// One line, its parts replaced by what stands for them in another language.
template <std::size_t n>
std::string replaced(const std::string& text,
                     const std::pair<std::string_view, std::string_view> (&meanings)[n]) {
  const std::string safe = printable(text);
  std::string result;
  for (std::size_t at = 0; at < safe.size();) {
    const auto* found = std::find_if(std::begin(meanings), std::end(meanings), [&](const auto& meaning) {
      return std::string_view(safe).substr(at).starts_with(meaning.first);
    });
    if (found == std::end(meanings)) {
      result += safe[at++];
    } else {
      result += found->second;
      at += found->first.size();
    }
  }
  return result;
}

std::string markdown(const std::string& text) {
  static constexpr std::pair<std::string_view, std::string_view> meanings[] = {
      {"\\", "\\\\"}, {"|", "\\|"},  {"*", "\\*"},   {"_", "\\_"}, {"`", "\\`"}, {"~", "\\~"},
      {"<", "&lt;"},  {">", "&gt;"}, {"&", "&amp;"}, {"[", "\\["}, {"]", "\\]"}, {"$", "\\$"}};
  return replaced(text, meanings);
}

std::string latex(const std::string& text) {
  static constexpr std::pair<std::string_view, std::string_view> meanings[] = {
      {"\\", "\\textbackslash{}"},
      {"{", "\\{"},
      {"}", "\\}"},
      {"_", "\\_"},
      {"%", "\\%"},
      {"$", "\\$"},
      {"&", "\\&"},
      {"#", "\\#"},
      {"~", "\\textasciitilde{}"},
      {"^", "\\textasciicircum{}"},
      {"<", "\\textless{}"},
      {">", "\\textgreater{}"},
      {"|", "\\textbar{}"},
      {"\"", "\\textquotedbl{}"},
      // a bracket behind the end of a line would be read as its option
      {"[", "{[}"},
      // without these, -- and quotes would become ligatures
      {"-", "{-}"},
      {"`", "\\textasciigrave{}"},
      {"'", "\\textquotesingle{}"},
      {"±", "$\\pm$"},
      {"−", "$-$"},
      {"–", "--"},
      {"×", "$\\times$"},
      {"√", "$\\surd$"},
      {"…", "\\dots{}"},
      {"→", "$\\to$"},
      {"≤", "$\\le$"},
      {"≥", "$\\ge$"},
      {"·", "$\\cdot$"}};
  return replaced(text, meanings);
}

}  // namespace

std::string table_csv(const Table& table) {
  std::string text;
  const auto field = [&](const std::string& safe, bool first) { text += (first ? "" : ",") + safe; };
  bool first = true;
  for (const Table::Column& column : table.columns) {
    if (column.fields.empty()) field(csv_field(column.title), std::exchange(first, false));
    for (const std::string& name : column.fields) field(csv_field(name), std::exchange(first, false));
  }
  text += "\n";
  for (const Table::Row& row : table.rows) {
    first = true;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      const Table::Cell& cell = row.cells[i];
      if (table.columns[i].fields.empty())
        field(cell.text == no_value ? "" : csv_field(cell.text), std::exchange(first, false));
      for (std::size_t k = 0; k < table.columns[i].fields.size(); ++k)
        field(k < cell.numbers.size() ? csv_field(cell.numbers[k]) : "", std::exchange(first, false));
    }
    text += "\n";
  }
  return text;
}

std::string table_markdown(const Table& table) {
  std::string text = "|";
  for (const Table::Column& column : table.columns) text += " " + markdown(column.title) + " |";
  text += "\n|";
  for (const Table::Column& column : table.columns) text += column.text ? ":---|" : "---:|";
  text += "\n";
  for (const Table::Row& row : table.rows) {
    text += "|";
    for (const Table::Cell& cell : row.cells) text += " " + markdown(cell.text) + " |";
    text += "\n";
  }
  return text;
}

std::string table_latex(const Table& table) {
  std::string columns;
  for (const Table::Column& column : table.columns) columns += column.text ? 'l' : 'r';
  std::string text = fmt::format(
      "% needs \\usepackage{{booktabs,textcomp}}\n\\begin{{table}}\n\\centering\n\\caption{{{}}}\n"
      "\\begin{{tabular}}{{{}}}\n\\toprule\n",
      latex(table.caption), columns);
  const auto line = [&](const auto& items, auto text_of) {
    bool first = true;
    for (const auto& item : items) text += (std::exchange(first, false) ? "" : " & ") + latex(text_of(item));
    text += " \\\\\n";
  };
  line(table.columns, [](const Table::Column& column) { return column.title; });
  text += "\\midrule\n";
  for (const Table::Row& row : table.rows) line(row.cells, [](const Table::Cell& cell) { return cell.text; });
  return text + "\\bottomrule\n\\end{tabular}\n\\end{table}\n";
}

}  // namespace fanin::compare
