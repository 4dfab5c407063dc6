#pragma once
#include <string>
#include <vector>

namespace fanin::program {

/// Columns of text, each as wide as its widest cell.
class TextTable {
 public:
  struct Column {
    std::string title;
    bool right = false;  ///< aligned to the right, as numbers are
  };
  explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  std::string to_string() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace fanin::program
