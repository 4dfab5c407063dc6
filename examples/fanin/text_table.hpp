#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace fanin::program {

/// Columns of text, each as wide as its widest cell. Cells hold no NUL: what comes from a file goes through
/// `printable`.
class TextTable {
 public:
  struct Column {
    std::string title;
    bool right = false;  ///< aligned to the right, as numbers are
  };
  explicit TextTable(std::vector<Column> columns);
  void add(const std::vector<std::string>& cells);
  std::string to_string() const;
  /// To stdout, line by line: a table of a hundred thousand rows is not built a second time.
  void print() const;

 private:
  void lines(const std::function<void(const std::string&)>& take) const;

  std::vector<Column> columns_;
  std::vector<std::size_t> widths_;
  std::string cells_;  // of all rows in turn, each cell with a NUL behind it
};

}  // namespace fanin::program
