#pragma once
#include <string>
#include <vector>

#include <fanin/compare/results.hpp>

namespace fanin::compare {

/// One run's say in a window.
struct RateTrial {
  double lr;        ///< its learning rate
  double accuracy;  ///< on validation images; chance level when it is dead
  bool dead;        ///< it diverged or failed
};

/// The window of one scheme, from as many runs at each rate: best rate, the rates next to it within one point
/// of its mean, the largest that is stable. A scheme whose best mean is no higher than `guessing` has no
/// window: at any rate it learns nothing, and none is as good as another. Subject, scheme and share are left
/// to the caller; without trials, all is.
Window window_of(const std::vector<RateTrial>& trials, double guessing);

/// The windows of a grid whose rates are an axis, from what its runs showed on validation images; empty where
/// there is no such axis or no validation. In the order of `subjects` and then `schemes`.
std::vector<Window> windows_of(const std::vector<Subject>& subjects, const std::vector<std::string>& schemes,
                               const std::vector<Run>& runs, double guessing);

}  // namespace fanin::compare
