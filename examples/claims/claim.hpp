#pragma once
#include <functional>
#include <string>
#include <vector>

namespace fanin::claims {

/// How a figure that is seen has to stand to the one predicted.
enum class Relation { equal, at_least, at_most };

/// One figure of a claim, fixed before anything is run.
struct Prediction {
  std::string what;     ///< what is measured: "rms factor per layer, std = 0.5/√n"
  std::string formula;  ///< where the figure comes from: "√n·σ / gain(relu)"
  double figure = 0;
  Relation relation = Relation::equal;
  double share = 0;   ///< tolerance of `equal`, as a share of the figure
  double margin = 0;  ///< tolerance of `equal`, in the figure's own units; the two add up
};

/// Whether `seen` agrees: within share · |figure| + margin of the figure for `equal`. A NaN never does.
bool agrees(const Prediction& prediction, double seen);

/// What the literature says, and how to see it.
struct Claim {
  std::string name;     ///< "he-2015"
  std::string paper;    ///< "He et al. 2015"
  std::string words;    ///< the claim in a sentence
  std::string setting;  ///< what is run
  /// The figures, from theory alone: nothing is trained or measured for them.
  std::function<std::vector<Prediction>()> predict;
  /// The figures seen, in the order of the predictions.
  std::function<std::vector<double>()> measure;
};

struct Check {
  Prediction prediction;
  double seen = 0;
  bool holds = false;
};

/// A claim put to the test.
struct Finding {
  std::string name, paper, words, setting;
  std::vector<Check> checks{};
  std::string error{};  ///< why it could not be seen through; empty otherwise
  double seconds = 0;

  /// Whether every check holds; an experiment that broke off, or checks nothing, reproduces nothing.
  bool reproduced() const;
};

/// Predicts, then measures, then compares. Whatever the measuring throws becomes the finding's `error`.
Finding examine(const Claim& claim);

/// Examines all claims on `jobs` threads, one thread a claim, begun and returned in the order of `claims`;
/// `on_finding` is called from those threads, one at a time. Error (usage) unless 1 ≤ jobs ≤ 256.
std::vector<Finding> examine_all(const std::vector<Claim>& claims, int jobs,
                                 const std::function<void(const Finding&)>& on_finding = {});

}  // namespace fanin::claims
