#include <fmt/core.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "examples/commands/command.hpp"
#include "examples/commands/model_file.hpp"

namespace fanin::program {
namespace {

struct EvaluateFlags {
  std::string file, data, split = "test";
  bool json = false;
};

void run(const EvaluateFlags& flags) {
  const LoadedModel loaded = load_model(flags.file);
  Dataset data = load_dataset(flags.data.empty() ? loaded.like.name : flags.data, flags.split == "train" ? Split::train : Split::test);
  require_fit(loaded, data);
  data.mean = loaded.like.mean;  // the model was fed with its training data's normalisation
  data.stddev = loaded.like.stddev;
  const auto result = train::evaluate(*loaded.model, data);
  if (!flags.json) {
    fmt::print("{} on {} ({} images): accuracy {}, loss {:.4f}\n", flags.file, data.name, data.count, percent(result.accuracy), result.loss);
    for (int c = 0; c < data.classes; ++c) {
      Index all = 0;
      for (int guess = 0; guess < data.classes; ++guess) all += result.confusion.at(c, guess);
      if (all > 0) {
        fmt::print("  {:<16} {:>7}\n", data.class_name(c), percent(static_cast<double>(result.confusion.at(c, c)) / static_cast<double>(all)));
      }
    }
    return;
  }
  nlohmann::ordered_json json = {{"file", flags.file}, {"data", data.name}, {"count", data.count}, {"accuracy", result.accuracy}, {"loss", result.loss}};
  json["confusion"] = confusion_json(result.confusion);
  fmt::print("{}\n", json.dump(2));
}

}  // namespace

void add_evaluate(CLI::App& app) {
  auto flags = std::make_shared<EvaluateFlags>();
  CLI::App* command = app.add_subcommand("evaluate", "Test a saved model");
  command->footer("Example:\n  fanin evaluate lenet.safetensors --data fashion-mnist");
  command->add_option("file", flags->file, "a model saved by fanin train --output")->required();
  command->add_option("--data", flags->data, "data set; default: the one it was trained on");
  command->add_option("--split", flags->split, "test or train")->capture_default_str()->check(CLI::IsMember({"test", "train"}));
  command->add_flag("--json", flags->json, "one JSON object on stdout");
  command->callback([flags] { run(*flags); });
}

}  // namespace fanin::program
