#pragma once
#include <limits>

namespace fanin::train {

/// A number that was not measured: `null` in JSON, empty in CSV, "-" in tables.
inline constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

/// One pass over the training set. Losses are mean cross-entropies in nats, accuracies fractions in 0..1.
struct EpochRecord {
  int epoch = 0;                    ///< counted from 1
  double train_loss = unknown;      ///< over the epoch's samples, each as its step saw it
  double test_loss = unknown;       ///< after the epoch; unknown when the test set was not read then
  double test_accuracy = unknown;   ///< likewise
  double train_accuracy = unknown;  ///< as `train_loss`
  double seconds = unknown;         ///< in training steps
  /// @{
  /// After the epoch, where the run has a validation set: then the test set waits for the end of the run.
  double validation_loss = unknown;
  double validation_accuracy = unknown;
  /// @}
};

}  // namespace fanin::train
