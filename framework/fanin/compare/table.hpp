#pragma once
#include <string>
#include <vector>

namespace fanin::compare {

/// What stands in a cell that has no value; CSV leaves it empty.
inline constexpr const char* no_value = "–";

/// A table as a value, apart from how it is written: `table_csv` and the others below say it in a format.
struct Table {
  /// What a cell is to be read as at a glance.
  enum class Tone { plain, better, worse };

  /// What stands above a column's cells.
  struct Column {
    std::string title = {};                ///< with the unit
    bool text = false;                     ///< words, which stand at the left
    std::vector<std::string> fields = {};  ///< names of the cells' `numbers` in CSV; empty: CSV has the texts
  };
  /// One value, for people and for programs.
  struct Cell {
    std::string text = {};             ///< as people read it, "87.90 ± 0.44"; `no_value` where there is none
    std::vector<double> numbers = {};  ///< the same, one for each of its column's fields
    Tone tone = Tone::plain;           ///< beside what the text says
  };
  /// A cell for each column.
  struct Row {
    std::vector<Cell> cells = {};  ///< in the columns' order
    std::string scheme = {};       ///< whose row it is: the look before its first cell; empty: nobody's
    bool reference = false;        ///< what the other rows are compared with
  };

  std::string name = {};             ///< of its files: "accuracy"
  std::string caption = {};          ///< a sentence, without markup
  std::vector<Column> columns = {};  ///< at least one
  std::vector<Row> rows = {};        ///< may be none: then there is no table to show
};

/// RFC 4180: a line of names, then one a row. A column with `fields` becomes one column for each of them.
std::string table_csv(const Table& table);

/// A table of GitHub-flavoured Markdown; what would be read as markup is escaped.
std::string table_markdown(const Table& table);

/// A `table` float with a `tabular` of the package booktabs; what would be read as a command is escaped.
std::string table_latex(const Table& table);

}  // namespace fanin::compare
