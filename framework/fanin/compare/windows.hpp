#pragma once
#include <optional>
#include <string>
#include <vector>

#include <fanin/compare/results.hpp>

namespace fanin::compare {

/// One run's say in a window.
struct RateTrial {
  double lr;        ///< its learning rate
  double accuracy;  ///< on validation images; chance level when it is dead
  bool dead;        ///< it diverged or failed
  int round = 0;    ///< in races for a rate: later ones have longer runs, and not of all rates
};

/// The window of one scheme, from as many runs at each rate of a round: best rate (`best`, or that of the
/// highest mean in the last round), the rates next to it that are good, the largest that is stable. A rate is
/// good when its mean lies within one point of the best in the last round that it was in. A scheme whose best
/// mean is no higher than `guessing` has no window: at any rate it learns nothing, and none is as good as
/// another. Subject, scheme and share are left to the caller; without trials, all is.
Window window_of(const std::vector<RateTrial>& trials, double guessing, std::optional<double> best = {});

/// The windows of a grid whose rates are an axis, from what its runs showed on validation images; empty where
/// there is no such axis or no validation. In the order of `subjects` and then `schemes`.
std::vector<Window> windows_of(const std::vector<Subject>& subjects, const std::vector<std::string>& schemes,
                               const std::vector<Run>& runs, double guessing);

}  // namespace fanin::compare
