#include "examples/commands/checkpoint_flags.hpp"

#include <fmt/core.h>

#include <charconv>
#include <cmath>

#include "framework/core/error.hpp"

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

}  // namespace

void CheckpointFlags::add_to(CLI::App& command) {
  constexpr const char* group = "Checkpoints and early stopping";
  command.add_option("--checkpoint", folder, "folder for checkpoints of this run; Ctrl-C saves one more")->group(group);
  command.add_option("--checkpoint-every", every, "steps between two checkpoints, or 'epoch'")->group(group)->capture_default_str();
  command.add_option("--keep", keep, "only the newest so many checkpoints stay")->group(group)->capture_default_str();
  command.add_flag("--keep-best", keep_best, "also keep the best epoch's, as best.safetensors")->group(group);
  command.add_flag("--resume", resume, "go on from the newest checkpoint, to the same bits as a run never interrupted")->group(group);
  command.add_option("--patience", patience, "stop after so many epochs without a better one; 0: never")->group(group)->capture_default_str();
  command.add_option("--min-delta", min_delta, "a smaller gain is none to --patience")->group(group)->capture_default_str();
  command.add_option("--best-by", best_by, "what makes an epoch the best, on the test set: accuracy or loss")->group(group)->capture_default_str();
  command.add_flag("--restore-best", restore_best, "end with the best epoch's weights, not the last one's")->group(group);
}

void CheckpointFlags::apply(train::TrainOptions& options, const std::map<std::string, std::string>& metadata) const {
  if (best_by != "accuracy" && best_by != "loss") fail_usage("unknown --best-by '{}'{}", best_by, suggest(best_by, {"accuracy", "loss"}));
  if (patience < 0) fail_usage("--patience must be at least 0, got {}", patience);
  if (!(min_delta >= 0) || !std::isfinite(min_delta)) fail_usage("--min-delta must be a finite number ≥ 0, got {}", min_delta);
  if (keep < 1) fail_usage("--keep must be at least 1, got {}", keep);
  const Index every_steps = steps_between(every);
  for (const auto& [given, flag] : {std::pair{resume, "--resume"}, {keep_best, "--keep-best"}, {every_steps > 0, "--checkpoint-every"}}) {
    if (given && folder.empty()) fail_usage("{} needs --checkpoint FOLDER", flag);
  }
  options.early_stopping = {.patience = patience,
                            .min_delta = min_delta,
                            .measure = best_by == "loss" ? train::Measure::test_loss : train::Measure::test_accuracy,
                            .restore_best = restore_best};
  options.checkpoint = {.folder = folder,
                        .every_steps = every_steps,
                        .keep = keep,
                        .keep_best = keep_best,
                        .resume = resume,
                        .metadata = metadata,
                        .on_notice = [](const std::string& notice) { fmt::print(stderr, "{}\n", notice); }};
}

void CheckpointFlags::report_end(const train::TrainResult& result) const {
  if (result.stopped_early) fmt::print(stderr, "stopped early: no better epoch than {} in the last {}\n", result.best_epoch, patience);
}

void CheckpointFlags::require_end(const train::TrainResult& result) const {
  if (result.status != train::Status::stopped) return;
  fail("interrupted at step {}{}", result.steps, folder.empty() ? "" : "; go on with --checkpoint " + folder + " --resume");
}

}  // namespace fanin::program
