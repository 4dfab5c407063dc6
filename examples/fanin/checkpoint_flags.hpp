#pragma once
#include <string>

#include <CLI/CLI.hpp>

#include <fanin/train/trainer.hpp>

namespace fanin::program {

/// The flags of a command that trains for long: checkpoints, resume, early stopping, the log.
struct CheckpointFlags {
  std::string folder, every = "epoch", log;
  int keep = 3;
  bool keep_best = false, resume = false;

  /// With the settings of early stopping, which write into `options`.
  void add_to(CLI::App& command, train::TrainOptions& options);
  /// Error when no checkpoint could be written.
  void require_writable() const;
  /// Tells on stderr that `result` was stopped early, if it was.
  void report_end(const train::TrainOptions& options, const train::TrainResult& result) const;
  /// Error for a run that was interrupted or diverged, with how to go on; `remedy` is what may keep it from
  /// diverging. And for a log that lacks something.
  void require_end(const train::TrainOptions& options, const train::TrainResult& result,
                   const char* remedy) const;
  /// Fills in `options.checkpoint`. Usage Error for flags that contradict each other.
  void apply(train::TrainOptions& options) const;
};

/// A log of runs as `--log` names it, nowhere for an empty path: anew, or to `append`, as for --resume, behind
/// what there is. What cannot be written later is told on stderr. Error when it cannot be opened.
train::JsonLog open_log(const std::string& path, bool append, const train::JsonLog::Labels& facts);

}  // namespace fanin::program
