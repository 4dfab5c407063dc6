#pragma once
#include <CLI/CLI.hpp>
#include <map>
#include <string>

#include "framework/train/trainer.hpp"

namespace fanin::program {

/// The flags of a command that trains for long: checkpoints, resume, early stopping.
struct CheckpointFlags {
  std::string folder, every = "epoch", best_by = "accuracy";
  int keep = 3, patience = 0;
  double min_delta = 0;
  bool keep_best = false, restore_best = false, resume = false;

  void add_to(CLI::App& command);
  /// Tells on stderr that `result` was stopped early, if it was.
  void report_end(const train::TrainResult& result) const;
  /// Error for an interrupted run, with how to go on.
  void require_end(const train::TrainResult& result) const;
  /// Fills in `options`; `metadata` goes into each checkpoint, so that it is a model file too. Usage Error for flags that
  /// contradict each other.
  void apply(train::TrainOptions& options, const std::map<std::string, std::string>& metadata) const;
};

}  // namespace fanin::program
