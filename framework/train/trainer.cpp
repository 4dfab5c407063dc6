#include "framework/train/trainer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>

#include "framework/core/error.hpp"
#include "framework/ops/loss.hpp"
#include "framework/optim/width.hpp"
#include "framework/train/settings.hpp"

namespace fanin::train {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// One run's moving parts: what `train` drives.
class Run {
 public:
  Run(nn::Module& model, const Dataset& training, const Dataset& test, const TrainOptions& options)
      : model_(model),
        options_(options),
        test_(test),
        looks_(options.threshold > 0 ? test.take(std::min(options.threshold_samples, test.count)) : Dataset{}),
        loader_(training, {.batch = options.batch, .shuffle = true, .transform = options.augment},
                Generator(derive_seed(options.seed, "shuffle"))),
        tuning_(model, options.finetune),
        optimizer_(optim::by_width(model, options.optimizer.rule, tuning_.groups()), options.optimizer),
        base_lr_(options.optimizer.lr) {
    model_.reseed(options.seed);
    model_.train();
    state_.epochs = options.epochs;
    state_.curve_every = options.curve_every > 0 ? options.curve_every : std::max<Index>(1, steps_of(options.epochs) / 100);
    if (!options.checkpoint.folder.empty()) {
      Settings settings = settings_of(options, training, test);
      for (auto& [name, value] : settings) {
        if (name == "optimizer") value += describe_rates();
      }
      checkpoints_.emplace(options.checkpoint, settings);
      if (options.checkpoint.resume && checkpoints_->resume(parts())) go_on();
    }
    const Index points = steps_of(options.epochs) / state_.curve_every + 1;
    state_.loss_curve.reserve(static_cast<std::size_t>(std::min<Index>(points, 1 << 16)));
  }

  TrainResult run() {
    while (result_.status == Status::ok && !finished()) run_epoch();
    if (result_.status == Status::ok) restore_best();
    return result();
  }

 private:
  Index steps_of(Index epochs) const { return loader_.batches() * epochs; }
  RunParts parts() { return {model_, optimizer_, tuning_, state_, best_}; }
  /// What `mup` makes of the learning rates; empty where it makes nothing.
  std::string describe_rates() const {
    std::string text;
    for (const auto& [name, scale] : optim::width_scales(model_, options_.optimizer.rule)) {
      if (scale != 1) text += fmt::format("{}{} {}", text.empty() ? " by width: " : ", ", name, scale);
    }
    return text;
  }
  bool waited_long_enough() const { return exhausted(options_.early_stopping, state_); }
  bool finished() const { return state_.position.epoch >= options_.epochs || waited_long_enough(); }

  /// From a checkpoint that is now in place.
  void go_on() {
    const auto& [epoch, batch] = state_.position;
    const std::string& folder = options_.checkpoint.folder;
    if (epoch > options_.epochs || (epoch == options_.epochs && batch > 0)) {
      fail_usage("cannot resume from {}: that run is past epoch {} already", folder, options_.epochs);
    }
    loader_.seek(state_.position);
    if (state_.step != steps_of(epoch) + batch) fail("{}: step {} is not at batch {} of epoch {}", folder, state_.step, batch, epoch + 1);
    for (Index step = 0; state_.epochs != options_.epochs && step < state_.step; ++step) {
      if (rate(step, state_.epochs) == rate(step, options_.epochs)) continue;
      fail_usage("cannot resume from {}: with schedule {}, {} epochs have other learning rates than the {} it was started for",
                 folder, options_.schedule.to_string(), options_.epochs, state_.epochs);
    }
    state_.epochs = options_.epochs;
  }

  void run_epoch() {
    tuning_.begin_epoch(static_cast<int>(state_.position.epoch) + 1);
    while (result_.status == Status::ok) {
      const auto start = Clock::now();
      if (!loader_.next(batch_)) break;
      const auto [loss, right] = step();
      state_.epoch.seconds += seconds_since(start);
      if (result_.status == Status::diverged) break;
      state_.epoch.loss += loss * static_cast<double>(batch_.size());
      state_.epoch.correct += right;
      state_.epoch.seen += batch_.size();
      note(loss);
      state_.position = loader_.position();
      const Index every = options_.checkpoint.every_steps;
      if (result_.status == Status::stopped || (every > 0 && state_.step % every == 0)) save();
    }
    state_.seconds += state_.epoch.seconds;
    state_.samples += state_.epoch.seen;
    if (result_.status == Status::ok) end_epoch();
  }

  /// All batches of the epoch are done: test, note, save.
  void end_epoch() {
    const EpochSums& sums = state_.epoch;
    EpochRecord record{.epoch = static_cast<int>(state_.history.size()) + 1, .seconds = sums.seconds};
    record.train_loss = sums.loss / static_cast<double>(sums.seen);
    record.train_accuracy = static_cast<double>(sums.correct) / static_cast<double>(sums.seen);
    if (record.epoch % options_.test_every == 0 || record.epoch == options_.epochs) {
      result_.test = evaluate(model_, test_);
      record.test_loss = result_.test.loss;
      record.test_accuracy = result_.test.accuracy;
    }
    state_.history.push_back(record);
    state_.epoch = {};
    state_.position = loader_.position();
    const bool best = judge(record);
    if (options_.on_epoch) options_.on_epoch(record);
    // The best first: a run killed in between comes to this epoch again, and writes both.
    if (best && checkpoints_ && options_.checkpoint.keep_best) checkpoints_->save_best(parts());
    if (options_.checkpoint.every_steps == 0 || finished()) save();
  }

  /// Whether this epoch is the best so far.
  bool judge(const EpochRecord& record) {
    const EarlyStopping& stopping = options_.early_stopping;
    const double score = score_of(record, stopping.measure);
    if (beats(score, state_.bar, stopping.measure, stopping.min_delta)) state_.bar = {record.epoch, score};
    if (!beats(score, state_.best, stopping.measure, 0)) return false;
    state_.best = {record.epoch, score};
    if (stopping.restore_best) {
      best_.clear();
      for (const auto& [name, tensor] : model_.state_dict()) best_.emplace_back(name, tensor.clone());
    }
    return true;
  }

  void restore_best() {
    if (best_.empty() || state_.best.epoch == static_cast<int>(state_.history.size())) return;
    const auto current = model_.state_dict();
    for (std::size_t i = 0; i < current.size(); ++i) Tensor(current[i].second).copy_from(best_[i].second);
    result_.test = {};
  }

  void save() {
    if (checkpoints_) checkpoints_->save(parts());
  }

  double rate(Index step, Index epochs) const {
    return base_lr_ * options_.schedule.factor(step, steps_of(epochs), loader_.batches());
  }

  /// One update; the batch's loss and how many of its samples were predicted right before it.
  std::pair<double, Index> step() {
    optimizer_.set_lr(rate(state_.step, options_.epochs));
    optimizer_.zero_grad();
    const Tensor logits = model_(batch_.images);
    const Tensor loss = ops::cross_entropy(
        logits, batch_.labels, {.label_smoothing = options_.label_smoothing, .class_weights = options_.class_weights});
    const double value = static_cast<double>(loss.item());
    if (!std::isfinite(value)) {
      result_.status = Status::diverged;
      result_.diverged_step = state_.step;
      return {value, 0};
    }
    loss.backward();
    tuning_.add_penalties();
    if (options_.clip_norm > 0) optimizer_.clip_grad_norm(options_.clip_norm);
    optimizer_.step();
    return {value, count_correct(logits, batch_.labels)};
  }

  void note(double loss) {
    RunState& s = state_;
    s.smoothed_loss = s.step == 0 ? loss : 0.98 * s.smoothed_loss + 0.02 * loss;
    if (s.step % s.curve_every == 0) s.loss_curve.emplace_back(s.step, s.smoothed_loss);
    if (options_.on_step) options_.on_step(s.step, loss);
    ++s.step;
    const bool look = options_.threshold > 0 && s.steps_to_threshold < 0 && s.step % options_.threshold_every == 0;
    if (look && evaluate(model_, looks_).accuracy >= options_.threshold) s.steps_to_threshold = s.step;
    if (options_.stop && options_.stop()) result_.status = Status::stopped;
  }

  TrainResult result() {
    if (result_.status != Status::ok || result_.test.confusion.classes == 0) result_.test = evaluate(model_, test_);
    result_.steps = state_.step;
    result_.steps_to_threshold = state_.steps_to_threshold;
    result_.best_epoch = state_.best.epoch;
    result_.stopped_early = result_.status == Status::ok && waited_long_enough() && state_.position.epoch < options_.epochs;
    result_.seconds = state_.seconds;
    if (state_.seconds > 0) result_.samples_per_s = static_cast<double>(state_.samples) / state_.seconds;
    result_.history = std::move(state_.history);
    result_.loss_curve = std::move(state_.loss_curve);
    return std::move(result_);
  }

  nn::Module& model_;
  const TrainOptions& options_;
  const Dataset& test_;
  Dataset looks_;
  Loader loader_;
  FineTuning tuning_;
  optim::Optimizer optimizer_;
  double base_lr_;
  Batch batch_;
  RunState state_;
  std::vector<std::pair<std::string, Tensor>> best_;  // the state dict at the best epoch, if it is to be restored
  std::optional<CheckpointFolder> checkpoints_;
  TrainResult result_;
};

}  // namespace

const char* name_of(Status status) {
  static constexpr const char* names[] = {"ok", "diverged", "interrupted"};
  return names[static_cast<int>(status)];
}

TrainResult train(nn::Module& model, const Dataset& training, const Dataset& test, const TrainOptions& options) {
  if (options.epochs < 1) fail_usage("train: epochs must be at least 1, got {}", options.epochs);
  if (options.batch < 1) fail_usage("train: batch must be at least 1, got {}", options.batch);
  if (options.test_every < 1) fail_usage("train: test_every must be at least 1, got {}", options.test_every);
  if (options.curve_every < 0 || options.threshold_every < 1) {
    fail_usage("train: curve_every must be at least 0 and threshold_every at least 1, got {} and {}", options.curve_every,
               options.threshold_every);
  }
  if (options.early_stopping.patience < 0 || !(options.early_stopping.min_delta >= 0)) {
    fail_usage("train: patience and min_delta must be at least 0, got {} and {}", options.early_stopping.patience,
               options.early_stopping.min_delta);
  }
  return Run(model, training, test, options).run();
}

}  // namespace fanin::train
