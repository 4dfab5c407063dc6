#pragma once
#include <string>
#include <vector>

#include <fanin/compare/results.hpp>

namespace fanin::compare {

/// Whether a run that was made again gave what it gave then.
struct RunAgain {
  std::string run = {};                     ///< which: "mlp / default / seed 0"
  bool made = true;                         ///< whether it was made again at all
  std::vector<std::string> differing = {};  ///< fields that are not equal to the last bit; none: the same

  bool same() const { return made && differing.empty(); }  ///< nothing but times differs
};

/// Every run of `then` beside the one of `now` with its model, scheme, seed and rate. All fields count but
/// times and speeds.
std::vector<RunAgain> runs_again(const Comparison& then, const Comparison& now);

/// What may be why: a sentence for each of version, CPU, instruction set, data and setting that is another now
/// than it was then.
std::vector<std::string> changed_conditions(const Comparison& then, const Comparison& now);

}  // namespace fanin::compare
