#pragma once
#include <string>
#include <vector>

#include <fanin/compare/figure.hpp>
#include <fanin/compare/results.hpp>
#include <fanin/compare/table.hpp>

namespace fanin::compare {

/// A part of the page, behind a tab of its own, which others can name: "s0-accuracy" is its figure
/// `accuracy`, "s0-table-accuracy" its table.
struct Section {
  std::string id = {};               ///< "s0"
  std::string title = {};            ///< a model's name
  std::string words = {};            ///< what was found, as plain text
  std::vector<Table> tables = {};    ///< those with rows
  std::vector<Figure> figures = {};  ///< those with data
};

/// The page's sections, in order.
std::vector<Section> sections(const Comparison& comparison);

/// What the page's script reads, as JSON that cannot end the script element it stands in: it has no "<".
/// Figures of rows and lines as they are; every table as CSV, Markdown and LaTeX.
std::string report_data(const Comparison& comparison, const std::vector<Section>& sections);

}  // namespace fanin::compare
