#include <fmt/format.h>

#include <map>

#include <fanin/compare/html_text.hpp>
#include <fanin/compare/looks.hpp>
#include <fanin/compare/report_tables.hpp>
#include <fanin/compare/summary.hpp>
#include <fanin/compare/verdict.hpp>
#include <fanin/core/format.hpp>

namespace fanin::compare {
namespace {

/// A name breaks after its punctuation first, where the column is narrow.
std::string breakable(const std::string& text) {
  std::string html;
  for (char c : html_escape(text)) {
    html += c;
    if (c == '(' || c == '_' || c == ',') html += "<wbr>";
  }
  return html;
}

std::string cell_html(const Table::Column& column, const Table::Cell& cell) {
  const std::string text = html_escape(cell.text);
  const std::string open = column.text ? "<td class=\"text\">" : "<td>";
  if (cell.tone == Table::Tone::plain) return open + text + "</td>";
  return fmt::format("{}<span class=\"{}\">{}</span></td>", open,
                     cell.tone == Table::Tone::better ? "plus" : "minus", text);
}

}  // namespace

std::string table_html(const Table& table, const Comparison& comparison) {
  const std::vector<std::string> schemes = schemes_of(comparison);
  const std::vector<Look> looks = looks_of(schemes, default_scheme(comparison.settings, comparison.runs));
  std::map<std::string, std::string> samples;
  for (std::size_t i = 0; i < schemes.size(); ++i) samples.emplace(schemes[i], look_html(looks[i]));
  std::string html = fmt::format(
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{0}\"><table>\n<caption>{0}</caption>\n<thead><tr>",
      html_escape(table.caption));
  for (const Table::Column& column : table.columns)
    html += fmt::format("<th scope=\"col\"{}>{}</th>", column.text ? " class=\"text\"" : "",
                        html_escape(column.title));
  html += "</tr></thead>\n<tbody>\n";
  for (const Table::Row& row : table.rows) {
    html += row.reference ? "<tr class=\"default\">" : "<tr>";
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      if (i > 0)
        html += cell_html(table.columns[i], row.cells[i]);
      else
        html += fmt::format("<th scope=\"row\"><div class=\"name{}\">{}<span>{}</span></div></th>",
                            text::text_width(row.cells[i].text) > 32 ? " long" : "", samples[row.scheme],
                            breakable(row.cells[i].text));
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

}  // namespace fanin::compare
