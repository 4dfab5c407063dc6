#pragma once
#include <functional>
#include <optional>
#include <vector>

#include <fanin/data/source.hpp>
#include <fanin/nn/module.hpp>
#include <fanin/optim/optimizer.hpp>
#include <fanin/optim/schedule.hpp>
#include <fanin/train/finetune.hpp>
#include <fanin/train/loss.hpp>
#include <fanin/train/trainer.hpp>

namespace fanin::train {

/// What an epoch of `train` with a loss of one's own came to.
struct FitEpoch {
  int epoch = 0;                     ///< from 1
  double loss = 0;                   ///< mean over the samples trained on
  double validation_loss = unknown;  ///< mean over the validation source's; NaN without one
  double seconds = 0;                ///< in training steps
};

/// How a model is trained on a source of batches.
struct FitOptions {
  int epochs = 5;                          ///< ≥ 1
  optim::OptimizerOptions optimizer = {};  ///< the rule of the updates; plain SGD
  optim::Schedule schedule = {};           ///< of the learning rate, by updates; constant
  double clip_norm = 0;                    ///< largest joint norm of all gradients; 0: they are not clipped
  Index accumulate = 1;                    ///< batches whose mean gradient makes one update, ≥ 1
  std::uint64_t seed = 0;                  ///< of dropout; the batches are the source's
  FineTune finetune = {};                  ///< what trains, and how fast, when the weights were loaded
  std::optional<data::Source> validation = {};                ///< its mean loss is taken after each epoch
  std::function<void(Index step, double loss)> on_step = {};  ///< told of each batch, from 0, and its loss
  std::function<void(const FitEpoch&)> on_epoch = {};         ///< told of each epoch at its end
  std::function<bool()> stop = {};                            ///< asked after every update; true ends the run
};

/// What became of it.
struct FitResult {
  Status status = Status::ok;     ///< how it ended
  Index steps = 0;                ///< updates made
  std::vector<FitEpoch> history;  ///< of finished epochs
};

/// Trains `model` on whatever a source gives: float inputs, regression targets, several inputs and outputs. A
/// step of the same arguments gives the same bits. A loss that is not finite ends the run as diverged. Error
/// (usage) for options out of range, and for a schedule other than constant where the source does not say how
/// many batches an epoch has; Error for a source without batches, or with more of them than it said where the schedule
/// goes by that, and what model and loss refuse.
FitResult fit(nn::Module& model, const data::Source& data, const Loss& loss, const FitOptions& options = {});

/// The mean loss over one epoch of a source, weighted by the batches' sizes, of the model's predictions
/// (`predict`). Error for a source without batches.
double mean_loss(const nn::Module& model, const data::Source& data, const Loss& loss);

}  // namespace fanin::train
