#pragma once
#include <CLI/CLI.hpp>
#include <atomic>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "datasets/registry.hpp"
#include "framework/train/trainer.hpp"
#include "models/model.hpp"

namespace fanin::program {

/// Every command adds itself to the program: its options, its help with examples, and what it does.
void add_train(CLI::App& app);
void add_finetune(CLI::App& app);
void add_compare(CLI::App& app);
void add_evaluate(CLI::App& app);
void add_predict(CLI::App& app);
void add_models(CLI::App& app);
void add_inits(CLI::App& app);
void add_init(CLI::App& app);
void add_plan(CLI::App& app);
void add_probe(CLI::App& app);
void add_inspect(CLI::App& app);
void add_convert(CLI::App& app);

/// What `train` and `compare` have in common on the command line.
struct TrainingFlags {
  std::string data = "fashion-mnist";
  int epochs = 5;
  Index batch = 64;
  std::string optimizer = "sgd";
  std::string schedule = "constant";
  std::string augment;
  optim::OptimizerOptions rule;
  double lr = 0.1;
  double clip = 0;
  double label_smoothing = 0;

  void add_to(CLI::App& command);
  /// The trainer's options; usage Error for a text that does not parse.
  train::TrainOptions options() const;
};

models::InputSpec input_of(const Dataset& data);

/// The first 256 training images in order: the batch that data-dependent initializers (lsuv) are fitted to.
Batch initial_batch(const Dataset& training);

/// Becomes true at the first Ctrl-C; the second one ends the program at once.
const std::atomic<bool>& interrupted();
void watch_interrupts();

/// Accepts a seed: digits alone. Without it CLI11 takes -1 for 2⁶⁴ - 1.
CLI::Validator seed_number();

/// Splits at any of `separators` outside parentheses and braces; pieces are trimmed, empty ones dropped.
std::vector<std::string> split_list(const std::string& text, const std::string& separators);

/// "88.1%", or "-" for a number that is not known.
std::string percent(double share);

/// A row for each true class, a column for each predicted one.
nlohmann::ordered_json confusion_json(const train::Confusion& confusion);

}  // namespace fanin::program
