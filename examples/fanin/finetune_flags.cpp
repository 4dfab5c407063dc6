#include "examples/fanin/finetune_flags.hpp"

#include <cmath>
#include <utility>

#include <fanin/core/fail.hpp>

#include "examples/fanin/rename_flag.hpp"
#include "examples/fanin/setting_flags.hpp"

namespace fanin::program {
namespace {

/// `left` and `right` of `text` about its first '='; usage Error without one.
std::pair<std::string, std::string> halves(const char* option, const std::string& text, const char* example) {
  const auto at = text.find('=');
  if (at == std::string::npos || at == 0) fail_usage("{}: '{}' must be as \"{}\"", option, text, example);
  return {text.substr(0, at), text.substr(at + 1)};
}

double number_of(const char* option, const std::string& text) {
  try {
    std::size_t used = 0;
    const double value = std::stod(text, &used);
    if (used == text.size() && std::isfinite(value)) return value;
  } catch (const std::exception&) {
  }
  fail_usage("{}: '{}' is not a finite number", option, text);
}

}  // namespace

void FinetuneFlags::add_to(CLI::App& command) {
  add_setting_flags(command, warm, train::Topic::finetuning);
  command.get_option("--from")->required();
  add_setting_flags(command, warm.finetune, train::Topic::finetuning);
  command.add_option("--model,--models", model, "model text; default: the one the file names");
  command.add_option("--init,--schemes", plan, "plan for what the file does not give (the head)")
      ->capture_default_str();
  command.add_flag("--train-statistics", train_statistics,
                   "frozen BatchNorm layers still update their running statistics");
  command.add_option("--lr-head", lr_head, "learning rate of the head; default: --lr");
  command.add_option("--lr-body", lr_body, "learning rate of all below the head; default: the head's");
  command.add_option("--lr-of", rates,
                     "learning rate by pattern: \"conv*=0.001\"; may be given more than once");
  command.add_option("--shrink", shrink, "shrink and perturb: share of the loaded values that stays");
  command.add_option("--perturb", perturb, "shrink and perturb: share of a fresh draw added");
  command.add_option("--rename", rename,
                     "\"regex=>text\" on saved names, $1 for a group; may be given more than once");
  command.add_option(
      "--adapt", adapt,
      "\"pattern=rule\" where shapes differ: average, repeat, sum, keep_rows, reinitialize, "
      "crop_pad, select, inflate; transpose: from Keras's order, also of square tensors; transpose(channels=C) "
      "for the layer behind a Flatten of C channels");
  command.add_flag("--skip-mismatched", skip_mismatched, "draw a tensor anew where shapes differ");
  training.add_to(command);
  checkpoints.add_to(command, training.values);
  run.add_to(command, "of the draws and batches");
}

train::WarmStart FinetuneFlags::warm_start(double head_lr) const {
  train::WarmStart made = warm;
  for (const auto& text : rename) made.matching.rename.push_back(parse_rename(text));
  for (const auto& text : adapt) made.matching.adapt.push_back(start::parse_adapt_rule(text));
  if (skip_mismatched) made.matching.on_shape_mismatch = start::Mismatch::skip;
  made.finetune.freeze_statistics = !train_statistics;
  for (const auto& [flag, rate] : {std::pair{"--lr-head", lr_head}, {"--lr-body", lr_body}}) {
    if (rate && (!(*rate >= 0) || !std::isfinite(*rate)))
      fail_usage("{} must be a finite number ≥ 0, got {}", flag, *rate);
  }
  if (lr_body) {
    if (!(head_lr > 0)) fail_usage("--lr-body needs a learning rate of the head above 0, got {}", head_lr);
    made.lr_body = *lr_body / head_lr;
  }
  for (const auto& text : rates) {
    const auto [pattern, rate] = halves("--lr-of", text, "conv*=0.001");
    if (!(head_lr > 0)) fail_usage("--lr-of needs a learning rate above 0, got {}", head_lr);
    made.finetune.rates.push_back({pattern, number_of("--lr-of", rate) / head_lr});
  }
  if (shrink || perturb) {
    made.shrink_perturb = start::ShrinkPerturbOptions{
        .shrink = shrink.value_or(1), .perturb = perturb.value_or(0), .except = {}};
  }
  return made;
}

}  // namespace fanin::program
