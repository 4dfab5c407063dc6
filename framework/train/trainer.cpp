#include "framework/train/trainer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "framework/core/error.hpp"
#include "framework/ops/loss.hpp"

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
        optimizer_(tuning_.groups(), options.optimizer),
        base_lr_(options.optimizer.lr),
        curve_every_(options.curve_every > 0 ? options.curve_every : std::max<Index>(1, loader_.batches() * options.epochs / 100)) {
    model_.reseed(options.seed);
    model_.train();
  }

  TrainResult run() {
    const Index points = loader_.batches() * options_.epochs / curve_every_ + 1;
    result_.loss_curve.reserve(static_cast<std::size_t>(std::min<Index>(points, 1 << 16)));
    for (int epoch = 1; epoch <= options_.epochs && result_.status == Status::ok; ++epoch) run_epoch(epoch);
    if (result_.status != Status::ok) result_.test = evaluate(model_, test_);
    result_.steps = step_;
    if (result_.seconds > 0) result_.samples_per_s = static_cast<double>(samples_) / result_.seconds;
    return std::move(result_);
  }

 private:
  void run_epoch(int epoch) {
    tuning_.begin_epoch(epoch);
    double loss_sum = 0;
    Index seen = 0, correct = 0;
    double seconds = 0;
    while (result_.status == Status::ok) {
      const auto start = Clock::now();
      if (!loader_.next(batch_)) break;
      const auto [loss, right] = step();
      seconds += seconds_since(start);
      loss_sum += loss * static_cast<double>(batch_.size());
      correct += right;
      seen += batch_.size();
      note(loss);
    }
    result_.seconds += seconds;
    samples_ += seen;
    if (result_.status == Status::diverged) return;
    EpochRecord record{.epoch = epoch, .seconds = seconds};
    record.train_loss = loss_sum / static_cast<double>(seen);
    record.train_accuracy = static_cast<double>(correct) / static_cast<double>(seen);
    if (result_.status == Status::ok) {
      if (epoch % options_.test_every == 0 || epoch == options_.epochs) {
        result_.test = evaluate(model_, test_);
        record.test_loss = result_.test.loss;
        record.test_accuracy = result_.test.accuracy;
      }
      result_.history.push_back(record);
      if (options_.on_epoch) options_.on_epoch(record);
    }
  }

  /// One update; the batch's loss and how many of its samples were predicted right before it.
  std::pair<double, Index> step() {
    const Index total = loader_.batches() * options_.epochs;
    optimizer_.set_lr(base_lr_ * options_.schedule.factor(step_, total, loader_.batches()));
    optimizer_.zero_grad();
    const Tensor logits = model_(batch_.images);
    const Tensor loss = ops::cross_entropy(
        logits, batch_.labels, {.label_smoothing = options_.label_smoothing, .class_weights = options_.class_weights});
    const double value = static_cast<double>(loss.item());
    if (!std::isfinite(value)) {
      result_.status = Status::diverged;
      result_.diverged_step = step_;
      return {value, 0};
    }
    loss.backward();
    tuning_.add_penalties();
    if (options_.clip_norm > 0) optimizer_.clip_grad_norm(options_.clip_norm);
    optimizer_.step();
    return {value, count_correct(logits, batch_.labels)};
  }

  void note(double loss) {
    if (result_.status == Status::diverged) return;
    smoothed_ = step_ == 0 ? loss : 0.98 * smoothed_ + 0.02 * loss;
    if (step_ % curve_every_ == 0) result_.loss_curve.emplace_back(step_, smoothed_);
    if (options_.on_step) options_.on_step(step_, loss);
    ++step_;
    const bool look = options_.threshold > 0 && result_.steps_to_threshold < 0 && step_ % options_.threshold_every == 0;
    if (look && evaluate(model_, looks_).accuracy >= options_.threshold) result_.steps_to_threshold = step_;
    if (options_.stop && options_.stop()) result_.status = Status::stopped;
  }

  nn::Module& model_;
  const TrainOptions& options_;
  const Dataset& test_;
  Dataset looks_;
  Loader loader_;
  FineTuning tuning_;
  optim::Optimizer optimizer_;
  double base_lr_;
  Index curve_every_;
  Batch batch_;
  Index step_ = 0, samples_ = 0;
  double smoothed_ = 0;
  TrainResult result_;
};

}  // namespace

TrainResult train(nn::Module& model, const Dataset& training, const Dataset& test, const TrainOptions& options) {
  if (options.epochs < 1) fail_usage("train: epochs must be at least 1, got {}", options.epochs);
  if (options.batch < 1) fail_usage("train: batch must be at least 1, got {}", options.batch);
  if (options.test_every < 1) fail_usage("train: test_every must be at least 1, got {}", options.test_every);
  if (options.curve_every < 0 || options.threshold_every < 1) {
    fail_usage("train: curve_every must be at least 0 and threshold_every at least 1, got {} and {}", options.curve_every,
               options.threshold_every);
  }
  return Run(model, training, test, options).run();
}

}  // namespace fanin::train
