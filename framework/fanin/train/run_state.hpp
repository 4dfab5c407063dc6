#pragma once
#include <optional>
#include <utility>
#include <vector>

#include <fanin/data/loader.hpp>
#include <fanin/train/history.hpp>

namespace fanin::train {

/// Sums over the batches of the epoch under way.
struct EpochSums {
  double loss = 0;              ///< each sample's, nats
  Index seen = 0, correct = 0;  ///< samples
  double seconds = 0;           ///< in training steps
};

/// An epoch and what was measured after it.
struct ScoredEpoch {
  int epoch = 0;           ///< from 1; 0: none yet
  double score = unknown;  ///< by EarlyStopping::measure
};

/// How far a run has come: all that its next step depends on besides the model, the optimizer and the
/// options. A checkpoint saves it as one value.
struct RunState {
  int epochs = 0;                                    ///< that the run is to have
  Index step = 0;                                    ///< updates made
  data::Loader::Position position;                   ///< in the training set
  EpochSums epoch;                                   ///< of the epoch under way
  double smoothed_loss = 0;                          ///< exponential mean of the batches' losses
  Index curve_every = 1;                             ///< steps between two points of `loss_curve`
  double seconds = 0;                                ///< in training steps, of finished epochs
  Index samples = 0;                                 ///< trained on in those seconds
  std::vector<EpochRecord> history;                  ///< of finished epochs
  std::vector<std::pair<Index, double>> loss_curve;  ///< (step, smoothed loss)
  std::optional<Index> steps_to_threshold;           ///< none: not reached yet
  ScoredEpoch best;                                  ///< the best epoch validated
  ScoredEpoch bar;  ///< the last epoch that beat the ones before by `min_delta`: patience counts from it
};

}  // namespace fanin::train
