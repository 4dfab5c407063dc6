#include <cmath>

#include <fanin/ops/loss.hpp>
#include <fanin/train/training_run.hpp>

namespace fanin::train {

double TrainingRun::rate(Index step, Index epochs) const {
  return base_lr_ * options_.schedule.factor(step, steps_of(epochs), loader_.batches());
}

/// One update; the batch's loss and how many of its samples were predicted right before it.
std::pair<double, Index> TrainingRun::step() {
  lr_ = rate(state_.step, options_.epochs);
  optimizer_.set_lr(lr_);
  const auto momentum = options_.schedule.momentum(state_.step, steps_of(options_.epochs), loader_.batches());
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
bool TrainingRun::is_finite(double loss) {
  if (!std::isfinite(loss)) diverge(fmt::format("the loss was not finite at step {}", state_.step));
  return std::isfinite(loss);
}

void TrainingRun::step_by_gradients() {
  tuning_.add_penalties();
  if (options_.clip_norm > 0) optimizer_.clip_grad_norm(options_.clip_norm);
  optimizer_.step();
}

void TrainingRun::note(double loss) {
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

void TrainingRun::look() {
  if (test(looks_).accuracy >= options_.threshold) state_.steps_to_threshold = state_.step;
}

/// A run shorter than the time between two looks is looked at too. After the last checkpoint, since a run
/// that is resumed with more epochs goes on as if it had not ended here.
void TrainingRun::look_after_the_end() {
  const bool looked = state_.step % options_.threshold_every == 0;
  if (options_.threshold > 0 && !state_.steps_to_threshold && !looked) look();
}

}  // namespace fanin::train
