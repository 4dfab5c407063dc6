#pragma once
#include <fanin/train/run_state.hpp>

namespace fanin::train {

/// What makes an epoch better than another.
enum class Measure { test_accuracy, test_loss };

/// Ends a run that no longer gets better (Prechelt 1998). The test set then chooses the epoch: for an honest
/// final number, test on another one.
struct EarlyStopping {
  int patience = 0;      ///< epochs without improvement after which the run ends; 0: never
  double min_delta = 0;  ///< ≥ 0, in the measure's unit; a smaller gain is none
  Measure measure = Measure::test_accuracy;  ///< of an epoch that was tested
  bool restore_best = false;  ///< the run ends with the weights of its best epoch rather than its last
};

/// What an epoch is measured by; NaN (unknown) for one that was not tested.
inline double score_of(const EpochRecord& record, Measure measure) {
  return measure == Measure::test_loss ? record.test_loss : record.test_accuracy;
}

/// Whether `score` beats `before` by more than `margin`; NaN beats nothing, everything else beats no epoch at
/// all.
inline bool beats(double score, const ScoredEpoch& before, Measure measure, double margin) {
  if (score != score) return false;
  if (before.epoch == 0) return true;
  return measure == Measure::test_loss ? score < before.score - margin : score > before.score + margin;
}

/// Whether the run has waited for an improvement long enough.
inline bool exhausted(const EarlyStopping& options, const RunState& state) {
  return options.patience > 0 && static_cast<int>(state.history.size()) - state.bar.epoch >= options.patience;
}

}  // namespace fanin::train
