#pragma once
#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fanin/data/loader.hpp>
#include <fanin/train/checkpoint_folder.hpp>
#include <fanin/train/run_state.hpp>
#include <fanin/train/sharded_step.hpp>
#include <fanin/train/trainer.hpp>

namespace fanin::train {

/// One run's moving parts: what `fit` drives. All that it is made of must outlive it.
class TrainingRun {
 public:
  /// Goes on from the options' checkpoint, if it is to. Error as for `fit`.
  TrainingRun(nn::Module& model, const data::Sets& sets, const TrainOptions& options);
  TrainResult run();  ///< to its end, once

 private:
  bool works_with_others() const { return options_.ranks != nullptr && options_.ranks->size > 1; }
  Index steps_of(Index epochs) const { return loader_.batches() * epochs; }
  RunParts parts() { return {model_, optimizer_, tuning_, state_, best_}; }
  std::string describe_rates() const;
  bool waited_long_enough() const { return exhausted(options_.early_stopping, state_); }
  bool finished() const { return state_.position.epoch >= options_.epochs || waited_long_enough(); }

  Evaluation test(const data::Dataset& data);

  /// What epochs are tested on, and where that is noted.
  bool validates() const { return sets_.has_validation(); }
  const data::Dataset& watched() const { return validates() ? sets_.validation : sets_.test; }
  Evaluation& seen() { return validates() ? result_.validation : result_.test; }
  void read_test_set();
  std::string divergence(const Evaluation& test) const;
  void diverge(const std::string& why);

  /// As a test showed after the steps made so far.
  void diverge_after(const std::string& why) { diverge(fmt::format("{} after step {}", why, state_.step)); }
  bool works(const io::TensorFile& file);
  void go_on();
  void run_epoch();
  void end_epoch();
  bool judge(const EpochRecord& record);
  void restore_best();
  void save();
  double rate(Index step, Index epochs) const;
  std::pair<double, Index> step();
  bool is_finite(double loss);
  void step_by_gradients();
  bool asked_to_stop() const { return options_.stop && options_.stop(); }
  void note(double loss);
  void look();
  void look_after_the_end();
  TrainResult result();

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

}  // namespace fanin::train
