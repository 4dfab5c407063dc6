#include <fmt/format.h>

#include <algorithm>

#include <fanin/compare/figure_svg.hpp>
#include <fanin/compare/html_text.hpp>
#include <fanin/compare/report_sections.hpp>
#include <fanin/compare/report_tables.hpp>

namespace fanin::compare {
namespace {

/// A table with a place for the buttons that copy it.
std::string copyable(const std::string& id, const Table& table, const Comparison& comparison) {
  return fmt::format("<div class=\"table\" id=\"{}\">\n{}</div>\n", id, table_html(table, comparison));
}

std::string figure_html(const std::string& id, const Figure& figure) {
  static constexpr const char* kinds[] = {"rows", "lines", "panels", "panels"};
  return fmt::format(
      "<figure id=\"{}\" class=\"{}\" data-group=\"{}\" data-choice=\"{}\">\n<h3>{}</h3>\n"
      "<figcaption>{}</figcaption>\n<div class=\"picture\">{}</div>\n</figure>\n",
      html_escape(id), kinds[static_cast<std::size_t>(figure.kind)], html_escape(figure.group),
      html_escape(figure.choice), html_escape(figure.title), html_escape(figure.caption), figure_svg(figure));
}

}  // namespace

std::string section_html(const Section& section, const Comparison& comparison) {
  std::string html =
      fmt::format("<section id=\"{}\">\n<h2>{}</h2>\n", section.id, html_escape(section.title));
  if (!section.words.empty()) html += fmt::format("<p>{}</p>\n", html_escape(section.words));
  std::string below;
  for (const Table& table : section.tables) {
    const std::string text = copyable(section.id + "-table-" + table.name, table, comparison);
    // What a reader looks for comes before the figures, what explains it behind them.
    if (&table == &section.tables.front() || table.name == "own-rates")
      html += text;
    else
      below += fmt::format("<details{}><summary>{}</summary>\n{}</details>\n",
                           table.name == "incidents" ? " open" : "", html_escape(table.caption), text);
  }
  html += "<div class=\"grid\">\n";
  for (const Figure& figure : section.figures) html += figure_html(section.id + "-" + figure.name, figure);
  return html + "</div>\n" + below + "</section>\n";
}

}  // namespace fanin::compare
