#include "examples/fanin/checkpoint_flags.hpp"

#include <fmt/core.h>

#include <charconv>
#include <cmath>

#include <fanin/core/console.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/format.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/io/writable.hpp>

#include "examples/fanin/setting_flags.hpp"

namespace fanin::program {
namespace {

/// "epoch" → 0, else a number of steps.
Index steps_between(const std::string& text) {
  if (text == "epoch") return 0;
  Index steps = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), steps);
  if (status != std::errc() || end != text.data() + text.size() || steps < 1) {
    fail_usage("--checkpoint-every must be 'epoch' or a number of steps ≥ 1, got '{}'", text);
  }
  return steps;
}

/// Of a run whose last epoch was not its best: which was, by how much, and where its weights are.
void note_best_epoch(const train::TrainResult& result, const train::EarlyStopping& stopping,
                     const std::string& kept_in) {
  const auto& history = result.history;
  if (result.status == train::Status::diverged || result.best_epoch == 0 || history.empty() ||
      result.best_epoch == history.back().epoch)
    return;
  const auto best = std::find_if(history.begin(), history.end(), [&](const train::EpochRecord& one) {
    return one.epoch == result.best_epoch;
  });
  if (best == history.end()) return;
  const double at_best = train::score_of(*best, stopping.measure),
               at_last = train::score_of(history.back(), stopping.measure);
  if (!(stopping.measure == train::Measure::loss ? at_last > at_best : at_last < at_best)) return;
  const bool validated = std::isfinite(best->validation_loss);
  const auto value = [&](const train::EpochRecord& one) {
    const double score = train::score_of(one, stopping.measure);
    return stopping.measure == train::Measure::loss ? text::number(score, 4) : share_text(score);
  };
  note("best epoch: {} of {}, {} {} {}, where the last has {}; {}\n", best->epoch, history.size(),
       validated ? "validation" : "test", stopping.measure == train::Measure::loss ? "loss" : "accuracy",
       value(*best), value(history.back()),
       stopping.restore_best ? "its weights are restored"
       : !kept_in.empty()    ? "its weights are " + kept_in + "/best.safetensors"
       : validated           ? "--restore-best ends with its weights"
                             : "to end with the best: --restore-best, which chooses on a validation set");
}

}  // namespace

void CheckpointFlags::add_to(CLI::App& command, train::TrainOptions& options) {
  constexpr const char* group = "Checkpoints and early stopping";
  command.add_option("--checkpoint", folder, "folder for checkpoints of this run; Ctrl-C saves one more")
      ->group(group);
  command.add_option("--checkpoint-every", every, "steps between two checkpoints, or 'epoch'")
      ->group(group)
      ->capture_default_str();
  command.add_option("--keep", keep, "only the newest so many checkpoints stay")
      ->group(group)
      ->capture_default_str();
  command
      .add_flag("--keep-best", keep_best,
                "also keep the best epoch's (on the validation set), as best.safetensors")
      ->group(group);
  command
      .add_flag("--resume", resume,
                "go on from the newest checkpoint, to the same bits as a run never interrupted")
      ->group(group);
  add_setting_flags(command, options, train::Topic::stopping, group);
  command.add_option(
      "--log", log,
      "write a JSON object a line for each step and epoch here, as they come (tail -f, jq); --resume "
      "appends; the form is in examples/README.md");
}

void CheckpointFlags::apply(train::TrainOptions& options) const {
  const train::EarlyStopping& stopping = options.early_stopping;
  if (stopping.patience < 0) fail_usage("--patience must be at least 0, got {}", stopping.patience);
  if (!(stopping.min_delta >= 0) || !std::isfinite(stopping.min_delta)) {
    fail_usage("--min-delta must be a finite number ≥ 0, got {}", stopping.min_delta);
  }
  if (keep < 1) fail_usage("--keep must be at least 1, got {}", keep);
  const Index every_steps = steps_between(every);
  for (const auto& [given, flag] :
       {std::pair{resume, "--resume"}, {keep_best, "--keep-best"}, {every_steps > 0, "--checkpoint-every"}}) {
    if (given && folder.empty()) fail_usage("{} needs --checkpoint FOLDER", flag);
  }
  options.checkpoint = {.folder = folder,
                        .every_steps = every_steps,
                        .keep = keep,
                        .keep_best = keep_best,
                        .resume = resume,
                        .on_notice = [](const std::string& notice) { note("{}\n", printable(notice)); }};
}

void CheckpointFlags::require_writable() const {
  if (!folder.empty()) io::require_writable_folder(folder);
}

train::JsonLog open_log(const std::string& path, bool append, const train::JsonLog::Labels& facts) {
  if (path.empty()) return {};
  return {path, append, facts, [](const std::string& notice) { note("{}\n", printable(notice)); }};
}

void CheckpointFlags::report_end(const train::TrainOptions& options, const train::TrainResult& result) const {
  const train::EarlyStopping& stopping = options.early_stopping;
  if (result.stopped_early)
    note("stopped early: no better epoch than {} in the last {}, on the validation set\n", result.best_epoch,
         stopping.patience);
  note_best_epoch(result, stopping, folder.empty() || !keep_best ? "" : folder);
}

void CheckpointFlags::require_end(const train::TrainOptions& options, const train::TrainResult& result,
                                  const char* remedy) const {
  if (result.status == train::Status::diverged) {
    std::string advice = fmt::format("try {}", remedy);
    // --resume goes on under the same options, to the same end: it is no way out.
    if (!folder.empty()) advice += " and another --checkpoint folder";
    if (!result.checkpoint.empty())
      advice += fmt::format(", or train the weights from before it on: fanin finetune --from {} --keep-head",
                            result.checkpoint);
    else if (!folder.empty())
      advice += fmt::format("; {} has no checkpoint with weights from before it", folder);
    fail("training diverged: {}; {}", result.divergence, advice);
  }
  if (result.status != train::Status::interrupted) {
    options.log.require_whole();
    return;
  }
  fail("interrupted at step {}{}", result.steps,
       folder.empty() ? "" : "; go on with --checkpoint " + folder + " --resume");
}

}  // namespace fanin::program
