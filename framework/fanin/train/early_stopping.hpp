#pragma once
#include <fanin/train/run_state.hpp>

namespace fanin::train {

/// What makes an epoch better than another, on the validation set.
enum class Measure { accuracy, loss };

/// Ends a run that no longer gets better on the validation set (Prechelt 1998).
struct EarlyStopping {
  int patience = 0;                     ///< epochs without improvement after which the run ends; 0: never
  double min_delta = 0;                 ///< ≥ 0, in the measure's unit; a smaller gain is none
  Measure measure = Measure::accuracy;  ///< of an epoch that was validated
  bool restore_best = false;  ///< the run ends with the weights of its best epoch rather than its last
};

/// What an epoch is measured by; NaN (unknown) for one that was not. Of a run without a validation set, which
/// chooses nothing, it is the test set's: told afterwards, without effect.
inline double score_of(const EpochRecord& record, Measure measure) {
  const bool validated = record.validation_loss == record.validation_loss;
  return measure == Measure::loss ? (validated ? record.validation_loss : record.test_loss)
                                  : (validated ? record.validation_accuracy : record.test_accuracy);
}

/// Whether `score` beats `before` by more than `margin`; NaN beats nothing, everything else beats no epoch at
/// all.
inline bool beats(double score, const ScoredEpoch& before, Measure measure, double margin) {
  if (score != score) return false;
  if (before.epoch == 0) return true;
  return measure == Measure::loss ? score < before.score - margin : score > before.score + margin;
}

/// Whether the run has waited for an improvement long enough.
inline bool exhausted(const EarlyStopping& options, const RunState& state) {
  return options.patience > 0 && static_cast<int>(state.history.size()) - state.bar.epoch >= options.patience;
}

}  // namespace fanin::train
