#pragma once
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <fanin/compare/grid.hpp>

namespace fanin::program {

/// The flags of `compare` that may take several values, each an axis of the grid: `--lr`, `--optimizer` and
/// `--batch`; and what is done with rates: `--tune`, `--until`; and `--margin`.
class GridAxes {
 public:
  /// Offers the flags; those of one value are there already, and go on taking it (the first of several).
  void add_to(CLI::App& command);
  /// Sets the axes of a grid whose training the flags of one value have set. Error (usage) for rates that
  /// cannot be searched.
  void apply(compare::Grid& grid) const;
  /// Says in the settings that a comparison shows what stands on each axis, and what is done with rates.
  static void record(const compare::Grid& grid, compare::Settings& settings);

 private:
  std::vector<double> rates_;
  std::vector<optim::UpdateRule> optimizers_;
  std::vector<Index> batches_;
  const CLI::Option* lr_ = nullptr;
  bool tune_ = false;
  double until_ = 0;     // points
  double margin_ = 0.5;  // points
};

/// A list of numbers as typed, "0.01, 0.1"; Error (usage) naming `flag` for a place that is empty or holds no
/// number, for more than 64, and for one that stands there twice.
std::vector<double> rate_list(const std::string& text, const std::string& flag);
std::vector<Index> count_list(const std::string& text, const std::string& flag);

}  // namespace fanin::program
