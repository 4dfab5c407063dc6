#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>

#include <fanin/autograd/node.hpp>
#include <fanin/core/choice.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/nn/norm.hpp>
#include <fanin/ops/loss.hpp>
#include <fanin/start/keep_state.hpp>
#include <fanin/start/width.hpp>
#include <fanin/train/divergence.hpp>
#include <fanin/train/settings.hpp>
#include <fanin/train/sharded_step.hpp>
#include <fanin/train/trainer.hpp>

namespace fanin::train {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double usual_validation = 0.1;  // of the training set

bool has_batch_statistics(nn::Module& model) {
  const auto modules = model.named_modules();
  return std::any_of(modules.begin(), modules.end(), [](const auto& one) {
    const auto* norm = dynamic_cast<const nn::BatchNorm*>(one.module);
    return norm != nullptr && !norm->freeze_statistics;
  });
}

/// At most `most` of the samples, the first of each class, in proportion.
data::Dataset to_look_at(const data::Dataset& data, Index most) {
  if (most < 1) fail_usage("train: threshold_samples must be at least 1, got {}", most);
  const auto counts = data.class_counts();
  std::vector<Index> left = data::stratified(counts, std::min(most, data.count)), chosen;
  for (Index i = 0; i < data.count; ++i)
    if (left[static_cast<std::size_t>(data.labels[static_cast<std::size_t>(i)])]-- > 0) chosen.push_back(i);
  return data.subset(chosen);
}

/// A batch no larger than `batch` that leaves none of one sample; 0 when there is none.
Index batch_without_singles(Index count, Index batch, data::LastBatch last) {
  while (batch > 1 && data::BatchCut(count, batch, last).smallest() < 2) --batch;
  return batch > 1 ? batch : 0;
}

/// The optimizer's; where the schedule sets the momentum of each step, with some, so that it has the buffers.
optim::OptimizerOptions first_options(const TrainOptions& options) {
  optim::OptimizerOptions first = options.optimizer;
  if (first.rule.momentum && options.schedule.momentum(0, 1, 1)) first.*first.rule.momentum = 0.5;
  return first;
}

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// One run's moving parts: what `train` drives.
class Run {
 public:
  Run(nn::Module& model, const data::Sets& sets, const TrainOptions& options)
      : model_(model),
        options_(options),
        sets_(sets),
        looks_(options.threshold > 0 ? to_look_at(sets.validation, options.threshold_samples)
                                     : data::Dataset{}),
        last_batch_(last_batch_of(options, model)),
        loader_(sets.training,
                {.batch = options.batch,
                 .shuffle = true,
                 .last_batch = last_batch_,
                 .transform = options.augment},
                Generator(derive_seed(options.seed, "shuffle"))),
        tuning_(model, options.finetune),
        optimizer_(start::by_width(model, options.optimizer.rule, tuning_.groups()), first_options(options)),
        base_lr_(options.optimizer.lr),
        class_weights_(options.class_weights.of(sets.training)) {
    tuning_.equalize_penalties(start::width_scales(model, options.optimizer.rule));
    model_.reseed(options.seed);
    model_.train();
    if (options.sync_batch_norm) require_batch_norm();
    if (loader_.cut().smallest() / (options.sync_batch_norm ? 1 : options.shards) <= 1 &&
        has_batch_statistics(model_))
      require_single_samples_allowed();
    if (options.shards > 1 || works_with_others())
      sharded_.emplace(model_, ShardOptions{options.shards, options.sync_batch_norm, options.seed},
                       options.ranks);
    state_.epochs = options.epochs;
    state_.curve_every =
        options.curve_every > 0 ? options.curve_every : std::max<Index>(1, steps_of(options.epochs) / 100);
    if (!options.checkpoint.folder.empty()) {
      SettingTexts settings = fixed_settings(options, sets);
      for (auto& [name, value] : settings) {
        if (name == "optimizer") value += describe_rates();
        if (name == "last_batch") value = name_of(last_batch_);
      }
      checkpoints_.emplace(options.checkpoint, settings,
                           [this](const io::TensorFile& file) { return works(file); });
      if (options.checkpoint.resume && checkpoints_->resume(parts())) go_on();
    }
    if (works_with_others()) options.ranks->gather("");  // nobody saves before all have read what is there
    if (options.log) {
      TrainOptions done = options;
      done.last_batch = last_batch_;
      options.log.run(state_.step, options.epochs, sets, settings_of(done));
    }
    const Index points = steps_of(options.epochs) / state_.curve_every + 1;
    state_.loss_curve.reserve(static_cast<std::size_t>(std::min<Index>(points, 1 << 16)));
  }

  TrainResult run() {
    while (result_.status == Status::ok && !finished()) run_epoch();
    if (result_.status == Status::ok) {
      look_after_the_end();
      restore_best();
      read_test_set();
      for (const Evaluation* found : {&result_.validation, &result_.test}) {
        const std::string why = found->count > 0 ? divergence(*found) : "";
        if (!why.empty() && result_.status == Status::ok) diverge_after(why);
      }
    }
    return result();
  }

 private:
  bool works_with_others() const { return options_.ranks != nullptr && options_.ranks->size > 1; }
  Index steps_of(Index epochs) const { return loader_.batches() * epochs; }
  RunParts parts() { return {model_, optimizer_, tuning_, state_, best_}; }
  /// What `mup` makes of the learning rates; empty where it makes nothing.
  std::string describe_rates() const {
    std::string text;
    for (const auto& [name, scale] : start::width_scales(model_, options_.optimizer.rule)) {
      if (scale != 1) text += fmt::format("{}{} {}", text.empty() ? " by width: " : ", ", name, scale);
    }
    // Runs of earlier versions decayed by width as well: they would go on to other bits.
    const FineTune& tuning = options_.finetune;
    if (!text.empty() && (options_.optimizer.weight_decay > 0 || tuning.l2_sp > 0 || tuning.l2_head > 0))
      text += ", decay alike";
    return text;
  }
  bool waited_long_enough() const { return exhausted(options_.early_stopping, state_); }
  bool finished() const { return state_.position.epoch >= options_.epochs || waited_long_enough(); }

  Evaluation test(const data::Dataset& data) {
    return evaluate(model_, data, 250, options_.augment.normalization(),
                    works_with_others() ? options_.ranks : nullptr);
  }

  /// What epochs are tested on, and where that is noted.
  bool validates() const { return sets_.has_validation(); }
  const data::Dataset& watched() const { return validates() ? sets_.validation : sets_.test; }
  Evaluation& seen() { return validates() ? result_.validation : result_.test; }

  /// With the weights that the run ends with, and what was not tested with these yet.
  void read_test_set() {
    if (validates() && result_.validation.count == 0) result_.validation = test(sets_.validation);
    if (result_.test.count == 0) result_.test = test(sets_.test);
  }

  std::string divergence(const Evaluation& test) const {
    return divergence_of(test, state_.loss_curve.empty() ? 0 : state_.loss_curve.front().second);
  }

  void diverge(const std::string& why) {
    result_.status = Status::diverged;
    result_.diverged_step = state_.step;
    result_.divergence = why;
  }

  /// As a test showed after the steps made so far.
  void diverge_after(const std::string& why) { diverge(fmt::format("{} after step {}", why, state_.step)); }

  /// What shards are to share must be there, and in each of them something that has it.
  void require_batch_norm() const {
    const Index least = loader_.cut().smallest();
    if (!has_batch_norm(model_))
      fail_usage("--sync-batch-norm: this model has no batch normalization; leave it out");
    if (least < options_.shards)
      fail_usage(
          "--sync-batch-norm: {} samples in batches of {} (last batch: {}) leave a batch of {}, fewer than its {} shards; use --shards {}, or another batch",
          loader_.data().count, options_.batch, name_of(last_batch_), least, options_.shards, least);
  }

  /// Batch statistics of one sample may be of one value a channel, and such a step would fail when its turn
  /// comes: tried here, before the first.
  void require_single_samples_allowed() {
    tuning_.begin_epoch(options_.epochs);  // with all that will ever train
    const start::KeepState keep(model_);
    const NoGrad no_grad;
    try {
      model_(data::first_batch(loader_.data(), 1, options_.augment.normalization()).images);
    } catch (const Error& error) {
      const auto& [count, batch] = std::pair(loader_.data().count, options_.batch);
      if (options_.shards > 1)
        fail_usage(
            "{} samples in batches of {}, each cut in {} shards, leave a shard of 1, too few for this model's batch statistics; use fewer shards or a larger batch ({})",
            count, batch, options_.shards, error.what());
      const Index other = batch_without_singles(count, batch, last_batch_);
      const std::string advice = other > 0   ? fmt::format("use a batch of {}", other)
                                 : count > 1 ? "use a larger batch"
                                             : "use more samples";
      fail_usage(
          "{} samples in batches of {} (last batch: {}) leave a batch of 1, too few for this model's batch statistics; {}{} ({})",
          count, batch, name_of(last_batch_), advice,
          last_batch_ == data::LastBatch::keep && other > 0 ? ", or spread the last batch or drop it" : "",
          error.what());
    }
  }

  /// Whether the weights in a checkpoint of this run predict anything. The model's own are as before
  /// afterwards.
  bool works(const io::TensorFile& file) {
    std::vector<Tensor> now;
    for (const auto& [name, tensor] : model_.state_dict()) now.push_back(tensor.clone());
    bool good = false;
    try {
      read_model(file, model_);
      const data::Dataset& training = loader_.data();
      good = divergence(evaluate(model_, training.take(std::min<Index>(1000, training.count)), 250,
                                 options_.augment.normalization()))
                 .empty();
    } catch (const Error&) {
      // a checkpoint that cannot be read is none that works
    }
    std::size_t i = 0;
    for (const auto& [name, tensor] : model_.state_dict()) Tensor(tensor).copy_from(now[i++]);
    return good;
  }

  /// From a checkpoint that is now in place.
  void go_on() {
    const auto& [epoch, batch] = state_.position;
    const std::string& folder = options_.checkpoint.folder;
    if (epoch > options_.epochs || (epoch == options_.epochs && batch > 0)) {
      fail_usage("cannot resume from {}: that run is past epoch {} already", folder, options_.epochs);
    }
    loader_.seek(state_.position);
    if (state_.step != steps_of(epoch) + batch)
      fail("{}: step {} is not at batch {} of epoch {}", folder, state_.step, batch, epoch + 1);
    for (Index step = 0; state_.epochs != options_.epochs && step < state_.step; ++step) {
      if (rate(step, state_.epochs) == rate(step, options_.epochs)) continue;
      fail_usage(
          "cannot resume from {}: with schedule {}, {} epochs have other learning rates than the {} it was started for",
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
      if (result_.status == Status::interrupted || (every > 0 && state_.step % every == 0)) save();
    }
    state_.seconds += state_.epoch.seconds;
    state_.samples += state_.epoch.seen;
    if (result_.status == Status::ok) end_epoch();
  }

  /// All batches of the epoch are done: test, note, save.
  void end_epoch() {
    const EpochSums& sums = state_.epoch;
    EpochRecord record{.epoch = static_cast<int>(state_.history.size()) + 1, .seconds = sums.seconds};
    std::string why;  // it counts as diverged
    record.train_loss = sums.loss / static_cast<double>(sums.seen);
    record.train_accuracy = static_cast<double>(sums.correct) / static_cast<double>(sums.seen);
    if (record.epoch % options_.test_every == 0 || record.epoch == options_.epochs) {
      seen() = test(watched());
      (validates() ? record.validation_loss : record.test_loss) = seen().loss;
      (validates() ? record.validation_accuracy : record.test_accuracy) = seen().accuracy;
      why = divergence(seen());
    } else {
      seen() = {};  // an older one says nothing of these weights
    }
    state_.history.push_back(record);
    state_.epoch = {};
    state_.position = loader_.position();
    const bool best = why.empty() && judge(record);
    // A loss that is only too large may come down again, until the last step has been made.
    if (!why.empty() &&
        (!std::isfinite(seen().loss) || seen().undecided > 0 || (finished() && best_.empty()))) {
      diverge_after(why);
      EpochRecord& last = state_.history.back();
      last.test_accuracy = last.validation_accuracy = unknown;
    }
    options_.log.epoch(state_.step, state_.history.back());
    if (options_.on_epoch) options_.on_epoch(state_.history.back());
    if (result_.status == Status::diverged) return;
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
    result_.test = result_.validation = {};
  }

  void save() {
    if (checkpoints_) checkpoints_->save(parts());
  }

  double rate(Index step, Index epochs) const {
    return base_lr_ * options_.schedule.factor(step, steps_of(epochs), loader_.batches());
  }

  /// One update; the batch's loss and how many of its samples were predicted right before it.
  std::pair<double, Index> step() {
    lr_ = rate(state_.step, options_.epochs);
    optimizer_.set_lr(lr_);
    const auto momentum =
        options_.schedule.momentum(state_.step, steps_of(options_.epochs), loader_.batches());
    if (momentum) optimizer_.set_momentum(*momentum);
    optimizer_.zero_grad();
    const ops::CrossEntropyOptions loss_options{.label_smoothing = options_.label_smoothing,
                                                .class_weights = class_weights_};
    if (sharded_) {
      const auto found = (*sharded_)(batch_, state_.step, loss_options, asked_to_stop());
      stops_ = found.stop;
      if (is_finite(found.loss)) step_by_gradients();
      return {found.loss, found.correct};
    }
    const Tensor logits = model_(batch_.images);
    const Tensor loss = ops::cross_entropy(logits, batch_.labels, loss_options);
    const double value = static_cast<double>(loss.item());
    if (!is_finite(value)) return {value, 0};
    if (options_.clip_norm > 0 || tuning_.penalizes()) {
      loss.backward();
      step_by_gradients();
    } else {
      optimizer_.step_from(loss);
    }
    return {value, count_correct(logits, batch_.labels)};
  }

  /// A run with any other loss has diverged.
  bool is_finite(double loss) {
    if (!std::isfinite(loss)) diverge(fmt::format("the loss was not finite at step {}", state_.step));
    return std::isfinite(loss);
  }

  void step_by_gradients() {
    tuning_.add_penalties();
    if (options_.clip_norm > 0) optimizer_.clip_grad_norm(options_.clip_norm);
    optimizer_.step();
  }

  bool asked_to_stop() const { return options_.stop && options_.stop(); }

  void note(double loss) {
    RunState& s = state_;
    s.smoothed_loss = s.step == 0 ? loss : 0.98 * s.smoothed_loss + 0.02 * loss;
    if (s.step % s.curve_every == 0) s.loss_curve.emplace_back(s.step, s.smoothed_loss);
    if (options_.on_step) options_.on_step(s.step, loss);
    ++s.step;
    options_.log.step(s.step, s.position.epoch + 1, loss, lr_, s.seconds + s.epoch.seconds);
    if (options_.threshold > 0 && !s.steps_to_threshold && s.step % options_.threshold_every == 0) look();
    // Processes that work together stop after the same step.
    if (works_with_others() ? stops_ : asked_to_stop()) result_.status = Status::interrupted;
  }

  void look() {
    if (test(looks_).accuracy >= options_.threshold) state_.steps_to_threshold = state_.step;
  }

  /// A run shorter than the time between two looks is looked at too. After the last checkpoint, since a run
  /// that is resumed with more epochs goes on as if it had not ended here.
  void look_after_the_end() {
    const bool looked = state_.step % options_.threshold_every == 0;
    if (options_.threshold > 0 && !state_.steps_to_threshold && !looked) look();
  }

  TrainResult result() {
    if (result_.status != Status::ok) {
      result_.test = result_.validation = {};
      read_test_set();
    }
    if (result_.status == Status::diverged) {
      result_.test.accuracy = result_.validation.accuracy = unknown;
      if (checkpoints_) result_.checkpoint = checkpoints_->newest_that_works();
    }
    result_.metadata = checkpoints_ ? checkpoints_->metadata() : metadata_of(options_.checkpoint);
    result_.last_batch = last_batch_;
    result_.steps = state_.step;
    result_.steps_to_threshold = state_.steps_to_threshold;
    result_.best_epoch = state_.best.epoch;
    result_.stopped_early =
        result_.status == Status::ok && waited_long_enough() && state_.position.epoch < options_.epochs;
    result_.seconds = state_.seconds;
    if (state_.seconds > 0) result_.samples_per_s = static_cast<double>(state_.samples) / state_.seconds;
    result_.history = std::move(state_.history);
    result_.loss_curve = std::move(state_.loss_curve);
    options_.log.end(result_);
    return std::move(result_);
  }

  nn::Module& model_;
  const TrainOptions& options_;
  const data::Sets& sets_;
  data::Dataset looks_;
  data::LastBatch last_batch_;
  data::Loader loader_;
  FineTuning tuning_;
  optim::Optimizer optimizer_;
  double base_lr_, lr_ = 0;  // as asked for, and of the step under way
  Tensor class_weights_;
  std::optional<ShardedStep> sharded_;
  bool stops_ = false;  // some process was asked to
  data::Batch batch_;
  RunState state_;
  // the state dict at the best epoch, if it is to be restored
  std::vector<std::pair<std::string, Tensor>> best_;
  std::optional<CheckpointFolder> checkpoints_;
  TrainResult result_;
};

}  // namespace

const char* name_of(Status status) {
  constexpr auto names = choices<Status>(
      "status", {{Status::ok, "ok"}, {Status::diverged, "diverged"}, {Status::interrupted, "interrupted"}});
  return names.name_of(status);
}

double counted_accuracy(const TrainResult& result) {
  return result.status == Status::diverged ? 1.0 / std::max(1, result.test.confusion.classes)
                                           : result.test.accuracy;
}

bool has_batch_norm(nn::Module& model) {
  const auto modules = model.named_modules();
  return std::any_of(modules.begin(), modules.end(), [](const auto& one) {
    return dynamic_cast<const nn::BatchNorm*>(one.module) != nullptr;
  });
}

data::LastBatch last_batch_of(const TrainOptions& options, nn::Module& model) {
  return options.last_batch.value_or(has_batch_statistics(model) ? data::LastBatch::spread
                                                                 : data::LastBatch::keep);
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
  if (sets.has_validation()) return Run(model, sets, options).run();
  TrainOptions settled = options;
  settled.validation = validation_share(options, sets);
  if (settled.validation.none()) return Run(model, sets, settled).run();
  const data::Sets cut = data::cut_validation(sets, settled.validation, settled.data_seed);
  return Run(model, cut, settled).run();
}

}  // namespace fanin::train
