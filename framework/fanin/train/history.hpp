#pragma once
#include <limits>

namespace fanin::train {

/// A number that was not measured: `null` in JSON, empty in CSV, "-" in tables. Accuracies are fractions in
/// 0..1.
inline constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

/// One pass over the training set. `train_loss` is the mean over the epoch's batches.
struct EpochRecord {
  int epoch = 0;  ///< counted from 1
  double train_loss = unknown;
  double test_loss = unknown;
  double test_accuracy = unknown;
  double train_accuracy = unknown;
  double seconds = unknown;
};

}  // namespace fanin::train
