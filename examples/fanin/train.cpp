#include <fmt/core.h>

#include <algorithm>
#include <memory>

#include <nlohmann/json.hpp>

#include <fanin/core/console.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/format.hpp>
#include <fanin/core/parallel.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/core/prose.hpp>
#include <fanin/io/finite_json.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/start/width.hpp>
#include <fanin/train/provenance.hpp>
#include <fanin/train/setting_json.hpp>
#include <fanin/train/settings.hpp>

#include "examples/fanin/checkpoint_flags.hpp"
#include "examples/fanin/command.hpp"
#include "examples/fanin/confusion_table.hpp"
#include "examples/fanin/launch.hpp"
#include "examples/fanin/shared_training.hpp"
#include "examples/fanin/training_output.hpp"
#include "examples/fanin/weight_files.hpp"

namespace fanin::program {
namespace {

using io::finite_or_null;
using nlohmann::ordered_json;

struct TrainFlags {
  TrainingFlags training;
  CheckpointFlags checkpoints;
  RunFlags run;
  std::string model = "lenet", plan = "default";
  bool confusion = false;
};

ordered_json settings_json(const TrainFlags& flags, const train::TrainOptions& options) {
  ordered_json json = {{"model", flags.model}, {"data", flags.training.data}, {"init", flags.plan}};
  json.update(train::settings_json(train::settings_of(options)));
  json["threads"] = flags.run.threads;
  return json;
}

ordered_json result_json(const TrainFlags& flags, const train::TrainOptions& options, nn::Module& model,
                         const std::vector<start::Drawn>& drawn, const train::TrainResult& result,
                         const data::Dataset& test) {
  ordered_json json = outcome_json(result);
  json.update({{"samples_per_s", finite_or_null(result.samples_per_s)},
               {"seconds", finite_or_null(result.seconds)},
               {"steps", result.steps},
               {"parameters", model.parameter_count()}});
  if (result.best_epoch > 0) json["best_epoch"] = result.best_epoch;
  if (result.stopped_early) json["stopped_early"] = true;
  if (result.diverged_step) json["diverged_step"] = *result.diverged_step;
  if (!result.divergence.empty()) json["message"] = result.divergence;
  json["history"] = history_json(result.history);
  json["initialization"] = ordered_json::array();
  for (const auto& one : drawn) {
    json["initialization"].push_back({{"name", one.name},
                                      {"scheme", one.scheme},
                                      {"mean", finite_or_null(one.mean)},
                                      {"std", finite_or_null(one.std)}});
  }
  add_class_scores(json, result.test, test);
  json["confusion"] = confusion_json(result.test.confusion);
  json["settings"] = settings_json(flags, options);
  return json;
}

/// What `mup` makes of the layers' learning rates.
void print_rates(nn::Module& model, const optim::UpdateRule& rule) {
  std::string text;
  for (const auto& [name, scale] : start::width_scales(model, rule)) {
    if (scale != 1) text += fmt::format("{}{} ×{:.4g}", text.empty() ? "" : ", ", name, scale);
  }
  if (!text.empty()) note("mup: learning rates by width: {}\n", text);
}

/// A training that is about to run.
struct Ready {
  train::TrainOptions options;
  init::Plan plan;
  data::Sets data;
  nn::ModulePtr model;
  std::vector<start::Drawn> drawn;
  models::ModelOrigin origin;
};

/// All that can be refused is refused here; on every rank where there are several, and alike.
Ready prepare(const TrainFlags& flags, const CLI::App& command) {
  Ready it;
  train::TrainOptions& options = it.options;
  in_step([&] {
    options = flags.training.options();
    options.seed = flags.run.seed;
    it.plan = init::Plan::parse(flags.plan);
    set_threads(flags.run.threads);
    flags.run.require_output();
    flags.checkpoints.apply(options);
    if (is_first()) flags.checkpoints.require_writable();
    share_out(options, flags.training);
  });
  in_step([&] { it.data = load_data(flags.training.data); });
  in_step([&] {
    const data::Dataset& training = it.data.training;
    const auto sums = train::sums_of(it.data);
    cut_validation(it.data, options);
    normalize(it.data, options);
    it.model = models::build(flags.model, input_of(training));
    require_shares(*it.model, options);
    Generator generator(flags.run.seed);
    const data::Batch batch = initial_batch(training);
    it.drawn = start::initialize(*it.model, it.plan, generator, batch.images, batch.labels);
    note("{}: {} parameters drawn by {} from seed {}; {}, lr {:.6g}; {}: {}{}\n", flags.model,
         it.model->parameter_count(), it.plan.to_string(), flags.run.seed, options.optimizer.rule.name,
         options.optimizer.lr, training.name, counts_text(it.data, options), shares_text(options));
    for (const auto& one : start::notes_of(it.drawn)) note("note: {}\n", one);
    print_rates(*it.model, options.optimizer.rule);
    it.origin = {.model = flags.model,
                 .plan = it.plan.to_string(),
                 .seed = flags.run.seed,
                 .normalization = data::Transform().normalize(options.augment.normalization()).to_string()};
    options.last_batch = train::last_batch_of(options, *it.model);
    options.checkpoint.provenance =
        provenance_of(command, options, train::settings_of(options), sums, files_of(it.plan));
    if (is_first())
      options.log = open_log(flags.checkpoints.log, flags.checkpoints.resume,
                             {{"command", "train"},
                              {"model", flags.model},
                              {"data", training.name},
                              {"init", it.plan.to_string()}});
  });
  require_same_files(it.data, files_of(it.plan));
  return it;
}

void run(const TrainFlags& flags, const CLI::App& command) {
  Ready ready = prepare(flags, command);
  train::TrainOptions& options = ready.options;
  const data::Sets& data = ready.data;
  const auto& model = ready.model;
  const auto& drawn = ready.drawn;
  const auto result = train_and_save(*model, data, options, ready.origin, flags.checkpoints,
                                     is_first() ? flags.run.output : "");
  on_its_own();  // all ranks know what became of it
  if (flags.run.json) {
    ordered_json json = result_json(flags, options, *model, drawn, result, data.test);
    if (const auto notes = data.notes(); !notes.empty()) json["settings"]["data_notes"] = notes;
    say("{}\n", json_text(json));
  } else if (result.status != train::Status::diverged) {
    say_prose("{}, {:.0f} samples/s\n", result_text(result, data), result.samples_per_s);
    if (flags.confusion) {
      say("\n{}\n", confusion_table(result.test.confusion, data.test, output_width()));
      print_class_scores(result.test, data.test);
    }
  }
  flags.checkpoints.require_end(options, result, "a smaller --lr or another --init");
  point_to_probe(result.test, data.test, flags.model, flags.plan);
}

}  // namespace

void add_train(CLI::App& app) {
  auto flags = std::make_shared<TrainFlags>();
  CLI::App* command = app.add_subcommand("train", "Train one model and test it");
  command->footer(
      "Examples:\n"
      "  fanin train --model lenet --data fashion-mnist --epochs 5\n"
      "  fanin train --model \"mlp(hidden=256-128, activation=tanh)\" --init xavier_uniform --seed 1\n"
      "  fanin train --model lenet --init \"conv*=kaiming_normal; fc3.weight=zeros; *.bias=constant(0.01)\"\n"
      "  fanin train --model mlp --optimizer adam --lr 0.001 --schedule \"cosine(warmup=200)\" --json > "
      "result.json\n"
      "  fanin train --epochs 50 --checkpoint out/run1 --keep-best --patience 5 --resume      the same line "
      "starts it and goes on\n"
      "Models and their options: fanin models. Initializers: fanin inits; those fitted to data (lsuv, "
      "krahenbuhl, metainit) see\n"
      "the first 256 training images.");
  command->add_option("--model,--models", flags->model, "model text, see fanin models")
      ->capture_default_str();
  command
      ->add_option("--init,--schemes", flags->plan,
                   "initializer for all weights, or rules per layer: \"conv*=…; *.bias=…\"")
      ->capture_default_str();
  flags->training.add_to(*command);
  flags->checkpoints.add_to(*command, flags->training.values);
  flags->run.add_to(*command, "of weights and batches");
  command->add_flag("--confusion", flags->confusion,
                    "print the confusion matrix, and precision, recall and F1 of each class");
  command->callback([flags, command] { run(*flags, *command); });
}

}  // namespace fanin::program
