#pragma once
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include <fanin/compare/grid.hpp>
#include <fanin/compare/remaining.hpp>

namespace fanin::program {

/// What a grid says on stderr while it runs: a line a finished run, and on a terminal a line below it that
/// changes: what is done, what is left, and how far each run under way has come.
class ProgressLines {
 public:
  /// `jobs`: how many of its runs are made at a time, by all processes together.
  ProgressLines(const compare::Grid& grid, int jobs);

  /// To be called by the grid, one at a time; they need this object. `on_run` and `on_tuning` are told of each
  /// run as well.
  compare::GridProgress callbacks(std::function<void(const compare::Run&)> on_run = {},
                                  std::function<void(const compare::Run&)> on_tuning = {});
  /// Tells what is left to tell once the grid has ended: how many runs were taken from before.
  void end();

 private:
  double now() const;
  /// Seconds until all is done. Found anew some ten times a second: runs may end by the thousand.
  std::optional<double> left();
  void show_live();
  void tell_taken();

  struct UnderWay {
    std::string name;
    int epoch = 0, epochs = 0;
    double share = 0;  // of the epoch
  };

  std::string folder_;
  int model_width_ = 0, scheme_width_ = 0;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  double trial_;  // of a whole run
  compare::Remaining remaining_;
  std::optional<double> left_;
  double left_found_ = 0;  // when
  std::map<std::string, UnderWay> under_way_;
  int done_ = 0, total_ = 0, taken_ = 0;
  int trials_done_ = 0, trials_ = 0, trials_taken_ = 0;  // runs that choose rates
};

}  // namespace fanin::program
