#pragma once
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fanin/core/ranks.hpp>
#include <fanin/data/loader.hpp>
#include <fanin/data/sets.hpp>
#include <fanin/nn/module.hpp>
#include <fanin/optim/optimizer.hpp>
#include <fanin/optim/schedule.hpp>
#include <fanin/train/checkpoint_folder.hpp>
#include <fanin/train/class_weights.hpp>
#include <fanin/train/early_stopping.hpp>
#include <fanin/train/finetune.hpp>
#include <fanin/train/history.hpp>
#include <fanin/train/json_log.hpp>
#include <fanin/train/metrics.hpp>

namespace fanin::train {

/// How a model is trained.
struct TrainOptions {
  int epochs = 5;    ///< passes over the training set, ≥ 1
  Index batch = 64;  ///< samples a step, ≥ 1
  /// A batch is cut in so many parts, each with a pass of its own, whose gradients are summed in an order that
  /// follows from their number (`ShardedStep`); 1: not cut.
  Index shards = 1;
  /// Batch normalization's statistics are those of the whole batch, not of each shard (`ShardedStep`).
  bool sync_batch_norm = false;
  /// None: spread for a model with batch statistics, keep for others.
  std::optional<data::LastBatch> last_batch = {};
  std::uint64_t seed = 0;  ///< of the batches' order, augmentation and dropout; not of the weights
  optim::OptimizerOptions optimizer = {};  ///< the rule of the updates; plain SGD
  optim::Schedule schedule = {};           ///< of the learning rate; constant
  double clip_norm = 0;                    ///< largest joint norm of all gradients; 0: they are not clipped
  double label_smoothing = 0;              ///< of the training loss, as ops::cross_entropy has it
  ClassWeights class_weights = {};         ///< in the training loss; losses of tests count every sample alike
  /// Of the training images; its normalization, if it has one, is of all images: the test set's too.
  data::Transform augment = {};
  FineTune finetune = {};             ///< what trains, and how fast, when the weights were loaded
  EarlyStopping early_stopping = {};  ///< never, unless patience is set
  CheckpointOptions checkpoint = {};  ///< none, unless a folder is named

  /// What is cut from the training set for validation, where the sets bring none; none: nothing, or a tenth
  /// for a run that chooses something (`validation_share`).
  data::Share validation = {};
  std::uint64_t data_seed = 0;  ///< of that cut: the data's, not the run's

  /// Epochs between two tests on the whole validation set or, where there is none, test set; the last epoch
  /// is always tested.
  int test_every = 1;
  Index curve_every = 0;  ///< the smoothed training loss is noted every so many steps; 0: 100 times a run
  double threshold = 0;   ///< validation accuracy, 0..1, whose first step is looked for; 0: not looked for
  Index threshold_every = 50;      ///< steps between two looks; there is one more after the last step
  Index threshold_samples = 1000;  ///< looks use so many validation samples, or all: each class in proportion

  /// Processes that share the shards of each step, all of which call `train` with equal arguments; the first
  /// one writes. They give the bits of one process with as many shards. None: this one alone.
  const RankGroup* ranks = nullptr;

  JsonLog log = {};  ///< where the run's log goes
  /// Told of each step (from 0) and its batch's loss. There are no gradients to read by then.
  std::function<void(Index step, double loss)> on_step = {};
  std::function<void(const EpochRecord&)> on_epoch = {};  ///< told of each epoch at its end
  std::function<bool()> stop = {};                        ///< asked after every step; true ends the run early
};

/// How a run ended; `interrupted` by TrainOptions::stop.
enum class Status { ok, diverged, interrupted };
const char* name_of(Status status);  ///< "ok", "diverged" or "interrupted"

/// What became of a run.
struct TrainResult {
  Status status = Status::ok;  ///< how it ended
  /// The step (from 0) whose loss was not finite, or how many steps had been made when a test showed it; none
  /// for a run that did not diverge.
  std::optional<Index> diverged_step;
  std::string divergence;  ///< what showed it, in words
  /// When the run diverged: its newest checkpoint whose weights still work; empty: there is none.
  std::string checkpoint;
  /// What its checkpoints say of it, or would: CheckpointOptions' `metadata` and `provenance`.
  std::map<std::string, std::string> metadata = {};
  Index steps = 0;                                     ///< updates made, those before a resume included
  std::vector<EpochRecord> history;                    ///< of finished epochs
  std::vector<std::pair<Index, double>> loss_curve;    ///< (step, smoothed training loss)
  std::optional<Index> steps_to_threshold;             ///< none: at no look, or not looked for
  data::LastBatch last_batch = data::LastBatch::keep;  ///< as it was done
  /// @{
  /// Of the weights that the run ended with; no accuracy when it diverged. The test set chose none of them;
  /// `validation.count` is 0 for a run without a validation set.
  Evaluation test, validation;
  /// @}
  int best_epoch = 0;          ///< by `early_stopping.measure`; 0: none was validated
  bool stopped_early = false;  ///< patience ran out
  double seconds = 0;          ///< in training steps, tests not counted
  double samples_per_s = 0;    ///< training samples by those seconds
};

/// What a mean counts a run with: its test accuracy, or exactly chance level when it diverged, so that
/// nothing looks better by failing.
double counted_accuracy(const TrainResult& result);

/// Whether some layer normalizes by its batch, which `TrainOptions::sync_batch_norm` is about.
bool has_batch_norm(nn::Module& model);

/// What `train` does with the last batch: what the options say, or what is usual for the model.
data::LastBatch last_batch_of(const TrainOptions& options, nn::Module& model);

/// Whether a run chooses anything by an accuracy or a loss: when it ends, which epoch is kept or called the
/// best by a measure of one's own, the step that reached a threshold.
bool chooses(const TrainOptions& options);

/// The share of the training set that a run with these options cuts for validation: as they say; a tenth
/// where they say nothing and it chooses; none where the sets bring a validation set.
data::Share validation_share(const TrainOptions& options, const data::Sets& sets);

/// Trains `model` on cross-entropy over the training set. With a validation set — brought by the sets, or cut
/// as `validation_share` says, which copies them — that one is tested on after every `test_every` epochs,
/// whatever is chosen is chosen by it, and the test set is read once, with the weights that the run ends
/// with. Without one, the test set is tested on after every `test_every` epochs, and chooses nothing.
///
/// Equal arguments give equal bits. A loss that is not finite ends the run as diverged, and so does a test
/// whose loss or outputs are not numbers, or one after the last step that shows a model beyond use
/// (`divergence_of`): the result says at which step. Error (usage) for options out of range, or a batch of
/// one that the model's batch statistics do not allow, or too few images for the cut; Error for an empty set,
/// or parameters without values.
///
/// With `checkpoint.resume`, a run goes on where it was interrupted, and the result (but for times) and the
/// weights are those of a run that never was. `epochs` may then differ as far as the schedule has not
/// depended on it so far.
TrainResult fit(nn::Module& model, const data::Sets& sets, const TrainOptions& options);

}  // namespace fanin::train
