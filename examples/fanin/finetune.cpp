#include <fmt/core.h>

#include <filesystem>
#include <memory>
#include <tuple>

#include <nlohmann/json.hpp>

#include <fanin/core/console.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/format.hpp>
#include <fanin/core/parallel.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/core/prose.hpp>
#include <fanin/core/text_table.hpp>
#include <fanin/io/finite_json.hpp>
#include <fanin/io/tensor_file.hpp>
#include <fanin/train/checkpoint.hpp>
#include <fanin/train/setting_json.hpp>
#include <fanin/train/settings.hpp>
#include <fanin/train/warm_start.hpp>

#include "examples/fanin/command.hpp"
#include "examples/fanin/finetune_flags.hpp"
#include "examples/fanin/launch.hpp"
#include "examples/fanin/model_file.hpp"
#include "examples/fanin/shared_training.hpp"
#include "examples/fanin/training_output.hpp"
#include "examples/fanin/weight_files.hpp"

namespace fanin::program {
namespace {

using io::finite_or_null;
using nlohmann::ordered_json;

/// The model that --model names, or the file describes.
std::pair<std::string, nn::ModulePtr> model_of(const FinetuneFlags& flags, const models::InputSpec& input) {
  if (!flags.model.empty()) return {flags.model, models::build(flags.model, input)};
  io::TensorFile file = io::read_tensor_file(flags.warm.file, flags.warm.key);
  train::drop_training_state(file);
  const std::string text = described_text(file);
  return {text, models::build_like(file, text, input)};
}

void print_layers(const train::FineTuning& tuning, double lr) {
  text::TextTable table({{"parameter"}, {"depth", true}, {"lr", true}, {"trains from", true}, {""}});
  for (const auto& one : tuning.layers())
    table.add({printable(one.name), std::to_string(one.depth),
               one.frozen ? "-" : fmt::format("{:.4g}", lr * one.lr_scale),
               one.frozen ? "frozen" : fmt::format("epoch {}", one.from_epoch), one.head ? "head" : ""});
  note("\n{}\n", table.to_string(note_width()));
}

/// Elements of the parameters that ever train, and of those that train in the first epoch.
struct TrainedCounts {
  Index ever = 0, at_first = 0;
};
TrainedCounts trained(nn::Module& model, const train::FineTuning& tuning) {
  TrainedCounts counts;
  for (const auto& one : tuning.layers()) {
    if (one.frozen) continue;
    const Index count = model.parameter(one.name)->value.numel();
    counts.ever += count;
    if (one.from_epoch == 1) counts.at_first += count;
  }
  return counts;
}

/// "25450 of 61706 parameters train, 850 of them from the first epoch on".
std::string trained_text(const TrainedCounts& counts, Index all) {
  return fmt::format("{} of {} parameters train{}", counts.ever, all,
                     counts.at_first == counts.ever
                         ? ""
                         : fmt::format(", {} of them from the first epoch on", counts.at_first));
}

ordered_json report_json(const start::WarmStartReport& report) {
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

ordered_json settings_json(const FinetuneFlags& flags, const std::string& model, const train::WarmStart& warm,
                           const train::TrainOptions& options) {
  ordered_json json = {{"model", model}, {"data", flags.training.data}, {"init", flags.plan}};
  json.update(train::settings_json(train::settings_of(warm)));
  json.update(train::settings_json(train::settings_of(options)));
  json["threads"] = flags.run.threads;
  return json;
}

ordered_json result_json(const start::WarmStartReport& report, const train::FineTuning& tuning, double lr,
                         const train::TrainResult& result, const train::ClassWeights& weights,
                         const data::Dataset& test) {
  ordered_json json = outcome_json(result);
  json.update({{"steps", result.steps},
               {"seconds", finite_or_null(result.seconds)},
               {"last_batch", name_of(result.last_batch)},
               {"warm_start", report_json(report)}});
  if (result.best_epoch > 0) json["best_epoch"] = result.best_epoch;
  if (result.diverged_step) json["diverged_step"] = *result.diverged_step;
  if (!result.divergence.empty()) json["message"] = result.divergence;
  for (const auto& one : tuning.layers()) {
    json["layers"].push_back({{"name", one.name},
                              {"depth", one.depth},
                              {"head", one.head},
                              {"frozen", one.frozen},
                              {"lr", lr * one.lr_scale},
                              {"from_epoch", one.from_epoch}});
  }
  json["history"] = history_json(result.history);
  json["class_weights"] = weights.to_string();
  add_class_scores(json, result.test, test);
  return json;
}

/// "0.1", or "0.1 for the head and 0.01 below".
std::string rates_text(const train::TrainOptions& options, const std::optional<double>& body) {
  const std::string head = fmt::format("{:.6g}", options.optimizer.lr);
  return body ? fmt::format("{} for the head and {:.6g} below", head, *body) : head;
}

/// A training that is about to run.
struct Ready {
  train::TrainOptions options;
  init::Plan plan;
  train::WarmStart warm;
  data::Sets data;
  std::string text;  // the model's
  nn::ModulePtr model;
  start::WarmStartReport report;
  std::optional<train::FineTuning> tuning;
  TrainedCounts counts;
};

/// The weight files that it reads: where it begins, then those of its plan.
std::vector<std::string> files_read(const Ready& it) {
  std::vector<std::string> files = files_of(it.plan);
  files.insert(files.begin(), it.warm.file);
  return files;
}

void take_flags(Ready& it, const FinetuneFlags& flags) {
  it.options = flags.training.options();
  it.options.seed = flags.run.seed;
  if (flags.lr_head) it.options.optimizer.lr = *flags.lr_head;
  it.plan = init::Plan::parse(flags.plan);
  it.warm = flags.warm_start(it.options.optimizer.lr);
  set_threads(flags.run.threads);
  flags.run.require_output();
  flags.checkpoints.apply(it.options);
  if (is_first()) flags.checkpoints.require_writable();
  share_out(it.options, flags.training);
}

void make_model(Ready& it, const FinetuneFlags& flags, const CLI::App& command) {
  train::TrainOptions& options = it.options;
  const data::Dataset& training = it.data.training;
  const double lr = options.optimizer.lr;
  const auto sums = train::sums_of(it.data);
  cut_validation(it.data, options);
  normalize(it.data, options, it.warm.normalization(training.channels), "of " + it.warm.file);
  std::tie(it.text, it.model) = model_of(flags, input_of(training));
  require_shares(*it.model, options);
  const data::Batch batch = initial_batch(training);
  it.report = it.warm.start(*it.model, flags.run.seed, it.plan, &batch);
  if (!flags.run.json) note("{}", it.report.to_string(note_width()));
  options.finetune = it.warm.tuning(*it.model);
  it.tuning.emplace(*it.model, options.finetune);
  if (!flags.run.json) print_layers(*it.tuning, lr);
  it.counts = trained(*it.model, *it.tuning);
  note("{}: {}; values from {}, the rest drawn by {} from seed {}; {}, lr {}; {}: {}{}\n", it.text,
       trained_text(it.counts, it.model->parameter_count()), flags.warm.file, flags.plan, flags.run.seed,
       options.optimizer.rule.name, rates_text(options, flags.lr_body), training.name,
       counts_text(it.data, options), shares_text(options));
  options.last_batch = train::last_batch_of(options, *it.model);
  train::SettingTexts settings = train::settings_of(it.warm);
  const train::SettingTexts of_training = train::settings_of(options);
  settings.insert(settings.end(), of_training.begin(), of_training.end());
  options.checkpoint.provenance = provenance_of(command, options, settings, sums, files_read(it));
  if (is_first())
    options.log = open_log(flags.checkpoints.log, flags.checkpoints.resume,
                           {{"command", "finetune"},
                            {"model", it.text},
                            {"data", training.name},
                            {"init", flags.plan},
                            {"settings_of_start", train::settings_of(it.warm)}});
}

void run(const FinetuneFlags& flags, const CLI::App& command) {
  Ready it;
  in_step([&] { take_flags(it, flags); });
  in_step([&] { it.data = load_data(flags.training.data); });
  in_step([&] { make_model(it, flags, command); });
  require_same_files(it.data, files_read(it));
  train::TrainOptions& options = it.options;
  const models::ModelOrigin origin{.model = it.text,
                                   .plan = flags.plan,
                                   .seed = flags.run.seed,
                                   .warm_start = std::filesystem::absolute(flags.warm.file).string()};
  const auto result = train_and_save(*it.model, it.data, options, origin, flags.checkpoints,
                                     is_first() ? flags.run.output : "");
  on_its_own();  // all ranks know what became of it
  if (flags.run.json) {
    ordered_json json =
        result_json(it.report, *it.tuning, options.optimizer.lr, result, options.class_weights, it.data.test);
    json["parameters"] = it.model->parameter_count();
    json["parameters_trained"] = it.counts.ever;
    json["settings"] = settings_json(flags, it.text, it.warm, options);
    if (const auto notes = it.data.notes(); !notes.empty()) json["settings"]["data_notes"] = notes;
    say("{}\n", json_text(json));
  } else if (result.status != train::Status::diverged) {
    say_prose("{}\n", result_text(result, it.data));
  }
  flags.checkpoints.require_end(options, result, "a smaller --lr, --lr-head or --lr-body");
  point_to_probe(result.test, it.data.test, it.text, flags.plan);
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
  flags->add_to(*command);
  command->callback([flags, command] { run(*flags, *command); });
}

}  // namespace fanin::program
