#include <fmt/core.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "examples/commands/checkpoint_flags.hpp"
#include "examples/commands/command.hpp"
#include "examples/commands/model_file.hpp"
#include "examples/commands/training_output.hpp"
#include "framework/core/error.hpp"
#include "framework/core/parallel.hpp"
#include "framework/lab/finite_json.hpp"
#include "framework/nn/initialize.hpp"
#include "framework/optim/width.hpp"

namespace fanin::program {
namespace {

using lab::finite_or_null;
using nlohmann::ordered_json;

struct TrainFlags {
  TrainingFlags training;
  CheckpointFlags checkpoints;
  std::string model = "lenet", plan = "default", output;
  std::uint64_t seed = 0;
  int threads = 1;
  bool json = false, confusion = false;
};

ordered_json settings_json(const TrainFlags& flags, const train::TrainOptions& options) {
  const auto& o = options.optimizer;
  return {{"model", flags.model},
          {"data", flags.training.data},
          {"init", flags.plan},
          {"seed", flags.seed},
          {"epochs", options.epochs},
          {"batch", options.batch},
          {"optimizer", optim::rule_name(o.rule)},
          {"lr", o.lr},
          {"momentum", o.momentum},
          {"nesterov", o.nesterov},
          {"weight_decay", o.weight_decay},
          {"schedule", options.schedule.to_string()},
          {"clip", options.clip_norm},
          {"label_smoothing", options.label_smoothing},
          {"augment", options.augment.to_string()},
          {"threads", flags.threads}};
}

ordered_json result_json(const TrainFlags& flags, const train::TrainOptions& options, nn::Module& model,
                         const std::vector<nn::Drawn>& drawn, const train::TrainResult& result) {
  ordered_json json = {{"status", train::name_of(result.status)},
                       {"test_accuracy", finite_or_null(result.test.accuracy)},
                       {"test_loss", finite_or_null(result.test.loss)},
                       {"samples_per_s", finite_or_null(result.samples_per_s)},
                       {"seconds", finite_or_null(result.seconds)},
                       {"steps", result.steps},
                       {"parameters", model.parameter_count()}};
  if (result.best_epoch > 0) json["best_epoch"] = result.best_epoch;
  if (result.stopped_early) json["stopped_early"] = true;
  if (result.diverged_step >= 0) json["diverged_step"] = result.diverged_step;
  json["history"] = history_json(result.history);
  json["initialization"] = ordered_json::array();
  for (const auto& one : drawn) {
    json["initialization"].push_back({{"name", one.name},
                                      {"scheme", one.scheme},
                                      {"mean", finite_or_null(one.mean)},
                                      {"std", finite_or_null(one.std)}});
  }
  json["confusion"] = confusion_json(result.test.confusion);
  json["settings"] = settings_json(flags, options);
  return json;
}

void print_confusion(const train::Confusion& confusion, const Dataset& data) {
  fmt::print("\nrows: true class, columns: predicted\n");
  for (int truth = 0; truth < confusion.classes; ++truth) {
    fmt::print("{:>14.14}", data.class_name(truth));
    for (int guess = 0; guess < confusion.classes; ++guess) fmt::print(" {:>5}", confusion.at(truth, guess));
    fmt::print("\n");
  }
}

/// What `mup` makes of the layers' learning rates.
void print_rates(nn::Module& model, optim::Rule rule) {
  std::string text;
  for (const auto& [name, scale] : optim::width_scales(model, rule)) {
    if (scale != 1) text += fmt::format("{}{} ×{:.4g}", text.empty() ? "" : ", ", name, scale);
  }
  if (!text.empty()) fmt::print(stderr, "mup: learning rates by width: {}\n", text);
}

void run(const TrainFlags& flags) {
  train::TrainOptions options = flags.training.options();
  options.seed = flags.seed;
  const init::Plan plan = init::Plan::parse(flags.plan);
  set_threads(flags.threads);
  const Splits data = load_splits(flags.training.data);
  const auto model = models::build(flags.model, input_of(data.train));
  Generator generator(flags.seed);
  const Batch batch = initial_batch(data.train);
  const auto drawn = nn::initialize(*model, plan, generator, batch.images, batch.labels);
  fmt::print(stderr, "{}: {} parameters; {}: {} training and {} test images\n", flags.model,
             model->parameter_count(), data.train.name, data.train.count, data.test.count);
  print_rates(*model, options.optimizer.rule);
  const ModelOrigin origin{.model = flags.model, .plan = plan.to_string(), .seed = flags.seed};
  flags.checkpoints.apply(options, model_metadata(origin, data.train));
  follow(options);
  const auto result = train::train(*model, data.train, data.test, options);
  flags.checkpoints.report_end(result);
  if (!flags.output.empty() && result.status != train::Status::diverged) {
    save_trained(flags.output, *model, origin, data.train);
    fmt::print(stderr, "saved {}\n", flags.output);
  }
  if (flags.json) {
    fmt::print("{}\n", result_json(flags, options, *model, drawn, result).dump(2));
  } else {
    fmt::print("test accuracy {}, test loss {:.4f}, {:.0f} samples/s\n", percent(result.test.accuracy),
               result.test.loss, result.samples_per_s);
    if (flags.confusion) print_confusion(result.test.confusion, data.test);
  }
  if (result.status == train::Status::diverged) {
    fail("training diverged: the loss was not finite at step {}; try a smaller --lr or another --init",
         result.diverged_step);
  }
  flags.checkpoints.require_end(result);
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
  command->add_option("--model", flags->model, "model text, see fanin models")->capture_default_str();
  command
      ->add_option("--init", flags->plan,
                   "initializer for all weights, or rules per layer: \"conv*=…; *.bias=…\"")
      ->capture_default_str();
  flags->training.add_to(*command);
  flags->checkpoints.add_to(*command);
  command->add_option("--seed", flags->seed, "of weights and batches")
      ->capture_default_str()
      ->check(seed_number());
  command->add_option("--threads", flags->threads, "threads; the result does not depend on them")
      ->capture_default_str();
  command->add_option("--output", flags->output, "save the trained model here (safetensors)");
  command->add_flag("--confusion", flags->confusion, "print the confusion matrix");
  command->add_flag("--json", flags->json, "one JSON object on stdout, progress on stderr");
  command->callback([flags] { run(*flags); });
}

}  // namespace fanin::program
