#pragma once
#include <functional>
#include <string>
#include <vector>

namespace fanin::text {

/// Columns of text as the locale shows it, each as wide as its widest cell. What comes from a file goes through `printable` first.
class TextTable {
 public:
  /// What stands above the cells, and how they stand.
  struct Column {
    std::string title;   ///< the first line's cell
    bool right = false;  ///< aligned to the right, as numbers are
  };
  using Cells = std::vector<std::string>;  ///< one row, a cell for each column

  /// Without rows yet.
  explicit TextTable(std::vector<Column> columns);
  /// Adds a row, which the table keeps.
  void add(Cells cells);
  /// The titles and all rows that were added, a line each; where that is wider than `width` (0: it never is),
  /// prose is broken over several lines, or each row goes on in further lines.
  std::string to_string(int width = 0) const;

  /// For a table of a hundred thousand rows, of which none is kept: the titles and `count` rows, on stdout
  /// within its width, line by line. `row(i)` is asked for twice, once for the widths.
  void print(std::size_t count, const std::function<Cells(std::size_t)>& row);

 private:
  void measure(const Cells& cells);
  void fit(int columns);
  void shrink(std::size_t first, std::size_t end, int columns, int least_text);
  std::string line(const std::function<const std::string&(std::size_t)>& cell) const;
  std::string titles() const;

  std::vector<Column> columns_;
  int gap_ = 2;                      // spaces between columns
  std::vector<int> widths_, least_;  // columns of each, and those that its widest word needs
  std::vector<bool> breaks_;         // before which a row goes on in a line of its own
  std::vector<Cells> rows_;
};

}  // namespace fanin::text
