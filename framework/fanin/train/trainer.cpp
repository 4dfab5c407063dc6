#include <algorithm>

#include <fanin/core/fail.hpp>
#include <fanin/core/named_values.hpp>
#include <fanin/train/trainer.hpp>
#include <fanin/train/training_run.hpp>

namespace fanin::train {
namespace {

constexpr double usual_validation = 0.1;  // of the training set

}  // namespace

const char* name_of(Status status) {
  constexpr auto names = named_values<Status>(
      "status", {{Status::ok, "ok"}, {Status::diverged, "diverged"}, {Status::interrupted, "interrupted"}});
  return names.name_of(status);
}

double counted_accuracy(const TrainResult& result) {
  return result.status == Status::diverged ? 1.0 / std::max(1, result.test.confusion.classes)
                                           : result.test.accuracy;
}

bool chooses(const TrainOptions& options) {
  const EarlyStopping& stopping = options.early_stopping;
  return stopping.patience > 0 || stopping.restore_best || stopping.measure != EarlyStopping{}.measure ||
         options.checkpoint.keep_best || options.threshold > 0;
}

data::Share validation_share(const TrainOptions& options, const data::Sets& sets) {
  if (!options.validation.none() || sets.has_validation() || !chooses(options)) return options.validation;
  return usual_validation;
}

TrainResult fit(nn::Module& model, const data::Sets& sets, const TrainOptions& options) {
  if (options.epochs < 1) fail_usage("train: epochs must be at least 1, got {}", options.epochs);
  if (options.batch < 1) fail_usage("train: batch must be at least 1, got {}", options.batch);
  if (options.shards < 1 || options.shards > options.batch)
    fail_usage("train: shards must be between 1 and the batch of {}, got {}", options.batch, options.shards);
  if (options.test_every < 1) fail_usage("train: test_every must be at least 1, got {}", options.test_every);
  if (options.curve_every < 0 || options.threshold_every < 1) {
    fail_usage("train: curve_every must be at least 0 and threshold_every at least 1, got {} and {}",
               options.curve_every, options.threshold_every);
  }
  if (options.early_stopping.patience < 0 || !(options.early_stopping.min_delta >= 0)) {
    fail_usage("train: patience and min_delta must be at least 0, got {} and {}",
               options.early_stopping.patience, options.early_stopping.min_delta);
  }
  if (sets.has_validation()) return TrainingRun(model, sets, options).run();
  TrainOptions settled = options;
  settled.validation = validation_share(options, sets);
  if (settled.validation.none()) return TrainingRun(model, sets, settled).run();
  const data::Sets cut = data::cut_validation(sets, settled.validation, settled.data_seed);
  return TrainingRun(model, cut, settled).run();
}

}  // namespace fanin::train
