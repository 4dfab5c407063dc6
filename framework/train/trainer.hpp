#pragma once
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "framework/data/dataset.hpp"
#include "framework/data/loader.hpp"
#include "framework/nn/module.hpp"
#include "framework/optim/optimizer.hpp"
#include "framework/optim/schedule.hpp"
#include "framework/train/checkpoint_folder.hpp"
#include "framework/train/early_stopping.hpp"
#include "framework/train/finetune.hpp"
#include "framework/train/history.hpp"
#include "framework/train/metrics.hpp"

namespace fanin::train {

struct TrainOptions {
  int epochs = 5;
  Index batch = 64;
  std::uint64_t seed = 0;  ///< of the batches' order, augmentation and dropout; not of the weights
  optim::OptimizerOptions optimizer = {};
  optim::Schedule schedule = {};
  double clip_norm = 0;  ///< 0: gradients are not clipped
  double label_smoothing = 0;
  Tensor class_weights = {};
  Transform augment = {};
  FineTune finetune = {};  ///< what trains, and how fast, when the weights were loaded
  EarlyStopping early_stopping = {};
  CheckpointOptions checkpoint = {};

  int test_every = 1;          ///< epochs between two tests on the whole test set; the last epoch is always tested
  Index curve_every = 0;       ///< the smoothed training loss is noted every so many steps; 0: 100 times a run
  double threshold = 0;        ///< test accuracy whose first step is looked for; 0: not looked for
  Index threshold_every = 50;  ///< steps between two looks
  Index threshold_samples = 1000;  ///< looks use the first so many test samples

  std::function<void(Index step, double loss)> on_step = {};
  std::function<void(const EpochRecord&)> on_epoch = {};
  std::function<bool()> stop = {};  ///< asked after every step; true ends the run early
};

enum class Status { ok, diverged, stopped };
const char* name_of(Status status);  ///< "ok", "diverged" or "interrupted"

struct TrainResult {
  Status status = Status::ok;
  Index diverged_step = -1;  ///< the step (from 0) whose loss was not finite
  Index steps = 0;
  std::vector<EpochRecord> history;
  std::vector<std::pair<Index, double>> loss_curve;  ///< (step, smoothed training loss)
  Index steps_to_threshold = -1;                     ///< -1: never reached
  Evaluation test;                                   ///< after the last epoch, or where training ended
  int best_epoch = 0;        ///< by `early_stopping.measure`; 0: none was tested
  bool stopped_early = false;  ///< patience ran out
  double seconds = 0;        ///< in training steps, tests not counted
  double samples_per_s = 0;  ///< training samples by those seconds
};

/// Trains `model` on cross-entropy over `training` and tests it on `test` after every `test_every` epochs. Equal arguments give
/// equal bits. A loss that is not finite ends the run as diverged: the result says at which step. Error for epochs or
/// batch < 1, an empty set, or parameters without values.
///
/// With `checkpoint.resume`, a run goes on where it was interrupted, and the result (but for times) and the weights are those
/// of a run that never was. `epochs` may then differ as far as the schedule has not depended on it so far.
TrainResult train(nn::Module& model, const Dataset& training, const Dataset& test, const TrainOptions& options);

}  // namespace fanin::train
