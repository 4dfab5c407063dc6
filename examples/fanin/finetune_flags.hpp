#pragma once
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <fanin/train/warm_start.hpp>

#include "examples/fanin/checkpoint_flags.hpp"
#include "examples/fanin/command.hpp"

namespace fanin::program {

/// What `fanin finetune` is told on its command line.
struct FinetuneFlags {
  TrainingFlags training;                                   ///< the data, and how it is trained on
  CheckpointFlags checkpoints;                              ///< and the log
  train::WarmStart warm;                                    ///< where it begins, but for what the others say
  RunFlags run;                                             ///< seed, threads, output
  std::string model;                                        ///< its text; empty: the one the file names
  std::string plan = "default";                             ///< for what the file does not give
  std::vector<std::string> rename, adapt, rates;            ///< "regex=>text", "pattern=rule", "pattern=rate"
  bool skip_mismatched = false, train_statistics = false;   ///< in place of Errors; in place of frozen ones
  std::optional<double> lr_head, lr_body, shrink, perturb;  ///< those of the library where they are not given

  /// All of them, which write into this.
  void add_to(CLI::App& command);
  /// What they say, as the library's value; the head learns at the rate `head_lr`. Usage Error for what cannot be.
  train::WarmStart warm_start(double head_lr) const;
};

}  // namespace fanin::program
