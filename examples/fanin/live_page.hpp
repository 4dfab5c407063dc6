#pragma once
#include <chrono>
#include <string>

#include <fanin/compare/results.hpp>

namespace fanin::program {

/// The report of a comparison that is still running, written anew every few seconds.
class LivePage {
 public:
  /// `so_far`: the comparison without its runs. An empty folder: no page is written.
  LivePage(compare::Comparison so_far, std::string folder);

  /// A run has ended. The first one is shown at once. A page that cannot be written is told once; the final
  /// one, which must be, says why.
  void add(const compare::Run& run);
  /// Likewise of a run that chose a learning rate.
  void add_tuning(const compare::Run& run);

 private:
  void show();

  compare::Comparison comparison_;
  std::string folder_;
  std::chrono::steady_clock::time_point written_ = {};
};

}  // namespace fanin::program
