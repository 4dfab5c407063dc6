#include <chrono>
#include <cmath>

#include <fanin/autograd/node.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/ops/elementwise.hpp>
#include <fanin/start/width.hpp>
#include <fanin/train/first_options.hpp>
#include <fanin/train/fit.hpp>

namespace fanin::train {
namespace {

using Clock = std::chrono::steady_clock;

void check(const data::TensorBatch& batch) {
  if (batch.inputs.empty() || !batch.inputs[0].defined() || batch.inputs[0].rank() < 1 || batch.size() < 1)
    fail("train: the source gave a batch without a first input of at least one row");
}

/// Whether a schedule asks where in the run a step is.
bool is_by_place(const optim::Schedule& schedule) {
  return schedule.to_string() != optim::Schedule().to_string();
}

/// One run's moving parts.
class Fit {
 public:
  Fit(nn::Module& model, const data::Source& data, const Loss& loss, const FitOptions& options)
      : model_(model),
        data_(data),
        loss_(loss),
        options_(options),
        tuning_(model, options.finetune),
        optimizer_(start::by_width(model, options.optimizer.rule, tuning_.groups()),
                   first_options(options.optimizer, options.schedule)),
        // a part of `accumulate` batches at the end of an epoch makes an update too
        updates_((data.batches() + options.accumulate - 1) / options.accumulate) {
    tuning_.equalize_penalties(start::width_scales(model, options.optimizer.rule));
    model_.reseed(options.seed);
    model_.train();
    optimizer_.zero_grad();
  }

  FitResult run() {
    for (int epoch = 1; epoch <= options_.epochs && result_.status == Status::ok; ++epoch) run_epoch(epoch);
    return std::move(result_);
  }

 private:
  void run_epoch(int epoch) {
    tuning_.begin_epoch(epoch);
    const auto start = Clock::now();
    double sum = 0;
    Index seen = 0, gathered = 0;
    // A run that ended within an epoch may have left the source at the end of it.
    const auto next = [&] {
      return data_.next(batch_) || (batches_ == 0 && seen == 0 && data_.next(batch_));
    };
    Index given = 0;
    while (result_.status == Status::ok && next()) {
      check(batch_);
      if (by_place_ && ++given > data_.batches())
        fail("train: the source said that an epoch has {} batches, by which schedule {} goes, and gives more",
             data_.batches(), options_.schedule.to_string());
      const double value = add_gradients();
      if (result_.status != Status::ok) break;
      sum += value * static_cast<double>(batch_.size());
      seen += batch_.size();
      if (options_.on_step) options_.on_step(batches_, value);
      ++batches_;
      if (++gathered % options_.accumulate == 0) update();
    }
    if (result_.status != Status::ok) return;
    if (seen == 0) fail("train: the source gave no batches in epoch {}", epoch);
    if (const Index rest = gathered % options_.accumulate; rest != 0) {
      // Each batch's loss was divided by `accumulate`, and these are fewer.
      const real more = static_cast<real>(options_.accumulate) / static_cast<real>(rest);
      for (const auto& one : model_.named_parameters())
        if (Tensor gradient = one.parameter->value.grad(); gradient.defined())
          for (real& value : gradient.values()) value *= more;
      update();
    }
    FitEpoch record{.epoch = epoch, .loss = sum / static_cast<double>(seen)};
    record.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    if (options_.validation) record.validation_loss = mean_loss(model_, *options_.validation, loss_);
    result_.history.push_back(record);
    if (options_.on_epoch) options_.on_epoch(record);
  }

  double add_gradients() {
    Tensor loss = loss_(model_(std::span<const Tensor>(batch_.inputs)), batch_.targets);
    const double value = static_cast<double>(loss.item());
    if (!std::isfinite(value)) {
      result_.status = Status::diverged;
      return value;
    }
    if (options_.accumulate > 1) loss = ops::div(loss, static_cast<double>(options_.accumulate));
    loss.backward();
    return value;
  }

  void update() {
    if (by_place_) {
      const Index total = updates_ * options_.epochs;
      optimizer_.set_lr(options_.optimizer.lr * options_.schedule.factor(result_.steps, total, updates_));
      if (const auto momentum = options_.schedule.momentum(result_.steps, total, updates_))
        optimizer_.set_momentum(*momentum);
    }
    tuning_.add_penalties();
    if (options_.clip_norm > 0) optimizer_.clip_grad_norm(options_.clip_norm);
    optimizer_.step();
    optimizer_.zero_grad();
    ++result_.steps;
    if (options_.stop && options_.stop()) result_.status = Status::interrupted;
  }

  nn::Module& model_;
  const data::Source& data_;
  const Loss& loss_;
  const FitOptions& options_;
  FineTuning tuning_;
  optim::Optimizer optimizer_;
  Index updates_;  // in an epoch; 0: not known
  const bool by_place_ = is_by_place(options_.schedule);
  Index batches_ = 0;
  data::TensorBatch batch_;
  FitResult result_;
};

}  // namespace

FitResult fit(nn::Module& model, const data::Source& data, const Loss& loss, const FitOptions& options) {
  if (options.epochs < 1) fail_usage("train: epochs must be at least 1, got {}", options.epochs);
  if (options.accumulate < 1) fail_usage("train: accumulate must be at least 1, got {}", options.accumulate);
  if (!(options.clip_norm >= 0)) fail_usage("train: clip_norm must be at least 0, got {}", options.clip_norm);
  if (data.batches() == 0 && is_by_place(options.schedule))
    fail_usage(
        "train: schedule {} needs to know how many batches an epoch has, which this source does not say: give it to its constructor",
        options.schedule.to_string());
  return Fit(model, data, loss, options).run();
}

double mean_loss(const nn::Module& model, const data::Source& data, const Loss& loss) {
  const NoGrad no_grad;
  double sum = 0;
  Index seen = 0;
  for (data::TensorBatch batch; data.next(batch);) {
    check(batch);
    const Tensor value = loss(model.predict(std::span<const Tensor>(batch.inputs)), batch.targets);
    sum += static_cast<double>(value.item()) * static_cast<double>(batch.size());
    seen += batch.size();
  }
  if (seen == 0) fail("mean_loss: the source gave no batches");
  return sum / static_cast<double>(seen);
}

}  // namespace fanin::train
