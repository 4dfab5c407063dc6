#include <fmt/core.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "examples/commands/checkpoint_flags.hpp"
#include "examples/commands/command.hpp"
#include "examples/commands/model_file.hpp"
#include "examples/commands/rename_flag.hpp"
#include "examples/commands/training_output.hpp"
#include "framework/core/error.hpp"
#include "framework/core/parallel.hpp"
#include "framework/io/tensor_file.hpp"
#include "framework/lab/finite_json.hpp"
#include "framework/train/warm.hpp"

namespace fanin::program {
namespace {

using lab::finite_or_null;
using nlohmann::ordered_json;

struct FinetuneFlags {
  TrainingFlags training;
  CheckpointFlags checkpoints;
  train::Warm warm;
  std::string model, plan = "default", output;
  std::vector<std::string> rename, adapt, rates;
  bool skip_mismatched = false, train_statistics = false;
  double lr_head = -1, lr_body = -1, shrink = -1, perturb = -1;
  std::uint64_t seed = 0;
  int threads = 1;
  bool json = false;
};

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

/// What the flags say, as the library's value. `training.lr` is the head's rate.
train::Warm warm_of(const FinetuneFlags& flags, double head_lr) {
  train::Warm warm = flags.warm;
  for (const auto& text : flags.rename) warm.matching.rename.push_back(parse_rename(text));
  for (const auto& text : flags.adapt) {
    const auto [pattern, rule] = halves("--adapt", text, "conv1.weight=average");
    warm.matching.adapt.push_back({pattern, parse_adapt(rule)});
  }
  if (flags.skip_mismatched) warm.matching.on_shape_mismatch = Mismatch::skip;
  warm.finetune.freeze_statistics = !flags.train_statistics;
  if (flags.lr_body >= 0) {
    if (!(head_lr > 0)) fail_usage("--lr-body needs a learning rate of the head above 0, got {}", head_lr);
    warm.lr_body = flags.lr_body / head_lr;
  }
  for (const auto& text : flags.rates) {
    const auto [pattern, rate] = halves("--lr-of", text, "conv*=0.001");
    if (!(head_lr > 0)) fail_usage("--lr-of needs a learning rate above 0, got {}", head_lr);
    warm.finetune.rates.push_back({pattern, number_of("--lr-of", rate) / head_lr});
  }
  if (flags.shrink >= 0 || flags.perturb >= 0) {
    warm.shrink_perturb = nn::ShrinkPerturbOptions{.shrink = flags.shrink >= 0 ? flags.shrink : 1,
                                                   .perturb = flags.perturb >= 0 ? flags.perturb : 0,
                                                   .except = {}};
  }
  return warm;
}

/// The model text the file carries, where it was saved by fanin.
std::string model_text(const FinetuneFlags& flags) {
  if (!flags.model.empty()) return flags.model;
  const TensorFile file = read_tensor_file(flags.warm.file);
  const auto found = file.metadata.find("model");
  if (found == file.metadata.end())
    fail_usage("'{}' does not say which model it is; give --model, see fanin models", flags.warm.file);
  return found->second;
}

void print_layers(const train::FineTuning& tuning, double lr) {
  fmt::print(stderr, "\n{:<28} {:>6} {:>12} {:>12}\n", "parameter", "depth", "lr", "trains from");
  for (const auto& one : tuning.layers()) {
    fmt::print(stderr, "{:<28} {:>6} {:>12} {:>12}{}\n", one.name, one.depth,
               one.frozen ? "-" : fmt::format("{:.4g}", lr * one.lr_scale),
               one.frozen ? "frozen" : fmt::format("epoch {}", one.from_epoch), one.head ? "  head" : "");
  }
  fmt::print(stderr, "\n");
}

ordered_json report_json(const WarmStart& report) {
  ordered_json rows = ordered_json::array();
  for (const auto& entry : report.entries) {
    rows.push_back({{"status", name_of(entry.status)},
                    {"name", entry.name},
                    {"saved_name", entry.saved_name},
                    {"saved", entry.saved},
                    {"wanted", entry.wanted},
                    {"note", entry.note}});
  }
  return rows;
}

ordered_json result_json(const WarmStart& report, const train::FineTuning& tuning, double lr,
                         const train::TrainResult& result) {
  ordered_json json = {{"status", train::name_of(result.status)},
                       {"test_accuracy", finite_or_null(result.test.accuracy)},
                       {"test_loss", finite_or_null(result.test.loss)},
                       {"steps", result.steps},
                       {"seconds", finite_or_null(result.seconds)},
                       {"warm_start", report_json(report)}};
  for (const auto& one : tuning.layers()) {
    json["layers"].push_back({{"name", one.name},
                              {"depth", one.depth},
                              {"head", one.head},
                              {"frozen", one.frozen},
                              {"lr", lr * one.lr_scale},
                              {"from_epoch", one.from_epoch}});
  }
  json["history"] = history_json(result.history);
  return json;
}

void run(const FinetuneFlags& flags) {
  train::TrainOptions options = flags.training.options();
  options.seed = flags.seed;
  if (flags.lr_head >= 0) options.optimizer.lr = flags.lr_head;
  const double lr = options.optimizer.lr;
  const train::Warm warm = warm_of(flags, lr);
  set_threads(flags.threads);
  const std::string text = model_text(flags);
  const Splits data = load_splits(flags.training.data);
  const auto model = models::build(text, input_of(data.train));
  const Batch batch = initial_batch(data.train);
  const WarmStart report = warm.start(*model, flags.seed, flags.plan, &batch);
  if (!flags.json) fmt::print(stderr, "{}", report.to_string());
  options.finetune = warm.tuning(*model);
  const train::FineTuning tuning(*model, options.finetune);
  if (!flags.json) print_layers(tuning, lr);
  fmt::print(stderr, "{}: {} parameters; {}: {} training and {} test images\n", text,
             model->parameter_count(), data.train.name, data.train.count, data.test.count);
  const ModelOrigin origin{
      .model = text, .plan = flags.plan, .seed = flags.seed, .warm_start = flags.warm.file};
  flags.checkpoints.apply(options, model_metadata(origin, data.train));
  follow(options);
  const auto result = train::train(*model, data.train, data.test, options);
  flags.checkpoints.report_end(result);
  if (!flags.output.empty() && result.status != train::Status::diverged) {
    save_trained(flags.output, *model, origin, data.train);
    fmt::print(stderr, "saved {}\n", flags.output);
  }
  if (flags.json)
    fmt::print("{}\n", result_json(report, tuning, lr, result).dump(2));
  else
    fmt::print("test accuracy {}, test loss {:.4f}\n", percent(result.test.accuracy), result.test.loss);
  if (result.status == train::Status::diverged) {
    fail("training diverged: the loss was not finite at step {}; try a smaller --lr-head or --lr-body",
         result.diverged_step);
  }
  flags.checkpoints.require_end(result);
}

}  // namespace

void add_finetune(CLI::App& app) {
  auto flags = std::make_shared<FinetuneFlags>();
  CLI::App* command =
      app.add_subcommand("finetune", "Train on from saved weights: fanin's, PyTorch's or NumPy's");
  command->footer(
      "Reads safetensors, PyTorch's .pt/.pth state dicts and NumPy's .npy/.npz, told by content. Strict "
      "unless told otherwise:\n"
      "every tensor of the model must be in the file and the other way round, but for the head, which is "
      "drawn anew.\n"
      "Patterns are globs on parameters, layers or groups of layers: conv1, conv*, layer1, \"*.bias\".\n\n"
      "Examples:\n"
      "  fanin finetune --from lenet.safetensors --data mnist --epochs 3\n"
      "  fanin finetune --from lenet.safetensors --data mnist --freeze \"conv*\" --head fc3 --lr-head 0.1 "
      "--lr-body 0.01\n"
      "  fanin finetune --from theirs.pt --model lenet --data mnist --strip-prefix module. --rename "
      "\"^classifier=>fc3\"\n"
      "  fanin finetune --from lenet.safetensors --data \"mnist(per_class=10)\" --epochs 100 "
      "--unfreeze-every 10 --layer-decay 0.8");
  auto& warm = flags->warm;
  command->add_option("--from", warm.file, "the weight file")->required();
  command->add_option("--model", flags->model, "model text; default: the one the file names");
  command->add_option("--init", flags->plan, "plan for what the file does not give (the head)")
      ->capture_default_str();
  command->add_option("--head", warm.finetune.head,
                      "the new task's layer, drawn anew; default: the last layer with weights");
  command->add_flag("--keep-head", warm.keep_head, "load the head as well");
  command->add_option("--freeze", warm.finetune.freeze,
                      "layers that do not train; may be given more than once");
  command->add_flag("--train-statistics", flags->train_statistics,
                    "frozen BatchNorm layers still update their running statistics");
  command->add_option("--lr-head", flags->lr_head, "learning rate of the head; default: --lr");
  command->add_option("--lr-body", flags->lr_body,
                      "learning rate of all below the head; default: the head's");
  command->add_option("--lr-of", flags->rates,
                      "learning rate by pattern: \"conv*=0.001\"; may be given more than once");
  command
      ->add_option("--layer-decay", warm.finetune.layer_decay,
                   "each layer below the head learns this much slower than the one above")
      ->capture_default_str();
  command->add_option("--head-epochs", warm.finetune.head_epochs, "first epochs that train the head alone")
      ->capture_default_str();
  command
      ->add_option("--unfreeze-every", warm.finetune.unfreeze_every,
                   "gradual unfreezing: one more layer every so many epochs")
      ->capture_default_str();
  command->add_option("--l2-sp", warm.finetune.l2_sp, "pull of the body to its starting values")
      ->capture_default_str();
  command->add_option("--l2-head", warm.finetune.l2_head, "pull of the head to zero")->capture_default_str();
  command->add_option("--shrink", flags->shrink, "shrink and perturb: share of the loaded values that stays");
  command->add_option("--perturb", flags->perturb, "shrink and perturb: share of a fresh draw added");
  command->add_option("--strip-prefix", warm.matching.strip_prefix, "taken off every saved name that has it");
  command->add_option("--add-prefix", warm.matching.add_prefix, "put before every saved name");
  command->add_option("--rename", flags->rename,
                      "\"regex=>text\" on saved names, $1 for a group; may be given more than once");
  command->add_option("--skip", warm.matching.skip,
                      "parameters that are not loaded; may be given more than once");
  command->add_option("--adapt", flags->adapt,
                      "\"pattern=rule\" where shapes differ: average, repeat, sum, keep_rows, reinitialize, "
                      "crop_pad, select, inflate");
  command->add_flag("--skip-mismatched", flags->skip_mismatched, "draw a tensor anew where shapes differ");
  command->add_flag("--allow-missing", warm.matching.allow_missing, "draw what the file lacks");
  command->add_flag("--allow-unexpected", warm.matching.allow_unexpected, "leave out what the model lacks");
  flags->training.add_to(*command);
  flags->checkpoints.add_to(*command);
  command->add_option("--seed", flags->seed, "of the draws and batches")
      ->capture_default_str()
      ->check(seed_number());
  command->add_option("--threads", flags->threads, "threads; the result does not depend on them")
      ->capture_default_str();
  command->add_option("--output", flags->output, "save the trained model here (safetensors)");
  command->add_flag("--json", flags->json, "one JSON object on stdout, progress on stderr");
  command->callback([flags] { run(*flags); });
}

}  // namespace fanin::program
