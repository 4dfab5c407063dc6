#include <algorithm>
#include <chrono>
#include <cmath>

#include <fanin/core/fail.hpp>
#include <fanin/start/width.hpp>
#include <fanin/train/batch_statistics.hpp>
#include <fanin/train/divergence.hpp>
#include <fanin/train/first_options.hpp>
#include <fanin/train/settings.hpp>
#include <fanin/train/training_run.hpp>

namespace fanin::train {
namespace {

using Clock = std::chrono::steady_clock;

/// At most `most` of the samples, the first of each class, in proportion.
data::Dataset to_look_at(const data::Dataset& data, Index most) {
  if (most < 1) fail_usage("train: threshold_samples must be at least 1, got {}", most);
  const auto counts = data.class_counts();
  std::vector<Index> left = data::stratified(counts, std::min(most, data.count)), chosen;
  for (Index i = 0; i < data.count; ++i)
    if (left[static_cast<std::size_t>(data.labels[static_cast<std::size_t>(i)])]-- > 0) chosen.push_back(i);
  return data.subset(chosen);
}

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

TrainingRun::TrainingRun(nn::Module& model, const data::Sets& sets, const TrainOptions& options)
    : model_(model),
      options_(options),
      sets_(sets),
      looks_(options.threshold > 0 ? to_look_at(sets.validation, options.threshold_samples)
                                   : data::Dataset{}),
      last_batch_(last_batch_of(options, model)),
      loader_(
          sets.training,
          {.batch = options.batch, .shuffle = true, .last_batch = last_batch_, .transform = options.augment},
          Generator(derive_seed(options.seed, "shuffle"))),
      tuning_(model, options.finetune),
      optimizer_(start::by_width(model, options.optimizer.rule, tuning_.groups()),
                 first_options(options.optimizer, options.schedule)),
      base_lr_(options.optimizer.lr),
      class_weights_(options.class_weights.of(sets.training)) {
  tuning_.equalize_penalties(start::width_scales(model, options.optimizer.rule));
  model_.reseed(options.seed);
  model_.train();
  require_batches_for_statistics(model_, tuning_, loader_, options);
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

TrainResult TrainingRun::run() {
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

/// What `mup` makes of the learning rates; empty where it makes nothing.
std::string TrainingRun::describe_rates() const {
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

Evaluation TrainingRun::test(const data::Dataset& data) {
  return evaluate(model_, data, 250, options_.augment.normalization(),
                  works_with_others() ? options_.ranks : nullptr);
}

/// With the weights that the run ends with, and what was not tested with these yet.
void TrainingRun::read_test_set() {
  if (validates() && result_.validation.count == 0) result_.validation = test(sets_.validation);
  if (result_.test.count == 0) result_.test = test(sets_.test);
}

std::string TrainingRun::divergence(const Evaluation& test) const {
  return divergence_of(test, state_.loss_curve.empty() ? 0 : state_.loss_curve.front().second);
}

void TrainingRun::diverge(const std::string& why) {
  result_.status = Status::diverged;
  result_.diverged_step = state_.step;
  result_.divergence = why;
}

/// Whether the weights in a checkpoint of this run predict anything. The model's own are as before
/// afterwards.
bool TrainingRun::works(const io::TensorFile& file) {
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
void TrainingRun::go_on() {
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

void TrainingRun::run_epoch() {
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
void TrainingRun::end_epoch() {
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
bool TrainingRun::judge(const EpochRecord& record) {
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

void TrainingRun::restore_best() {
  if (best_.empty() || state_.best.epoch == static_cast<int>(state_.history.size())) return;
  const auto current = model_.state_dict();
  for (std::size_t i = 0; i < current.size(); ++i) Tensor(current[i].second).copy_from(best_[i].second);
  result_.test = result_.validation = {};
}

void TrainingRun::save() {
  if (checkpoints_) checkpoints_->save(parts());
}

TrainResult TrainingRun::result() {
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

}  // namespace fanin::train
