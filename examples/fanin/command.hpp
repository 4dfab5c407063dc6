#pragma once
#include <atomic>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json_fwd.hpp>

#include <fanin/datasets.hpp>
#include <fanin/models.hpp>
#include <fanin/train/trainer.hpp>

namespace fanin::program {

/// Every command adds itself to the program: its options, its help with examples, and what it does.
void add_train(CLI::App& app);
void add_finetune(CLI::App& app);
void add_compare(CLI::App& app);
void add_report(CLI::App& app);
void add_evaluate(CLI::App& app);
void add_predict(CLI::App& app);
void add_models(CLI::App& app);
void add_inits(CLI::App& app);
void add_init(CLI::App& app);
void add_gain(CLI::App& app);
void add_plan(CLI::App& app);
void add_probe(CLI::App& app);
void add_inspect(CLI::App& app);
void add_convert(CLI::App& app);
void add_data(CLI::App& app);
void add_help(CLI::App& app);
void add_completion(CLI::App& app);
void add_manual(CLI::App& app);

/// What the commands that train have in common on the command line: the data set, and the settings of
/// train/settings.
struct TrainingFlags {
  std::string data = "fashion-mnist";
  train::TrainOptions values;  ///< as the flags write them

  void add_to(CLI::App& command);
  /// The trainer's options, with a learning rate for the optimizer where none was given; usage Error for one
  /// out of range.
  train::TrainOptions options() const;
  bool chose_shards() const { return shards_->count() > 0; }  ///< whether the flag was given

 private:
  CLI::Option *lr_ = nullptr, *shards_ = nullptr;
};

/// What those that make one run have in common besides.
struct RunFlags {
  std::uint64_t seed = 0;
  int threads = 1;
  std::string output;  ///< where the trained model is saved; empty: nowhere
  bool json = false;

  /// `seeded` says of what the seed is: "of weights and batches".
  void add_to(CLI::App& command, const char* seeded);
  /// Error where a model could not be saved at `output`; before the training whose result it is to hold.
  void require_output() const;
};

/// `--skip-bad`: the data set that `data` names, an image folder, is read without the images that cannot be.
void add_skip_bad(CLI::App& command, std::string& data);

/// load_sets and load_dataset; what their readers left out or found odd is told on stderr.
data::Sets load_data(const std::string& text);
data::Dataset load_half(const std::string& text, datasets::Split split);

/// Cuts the validation set that a run with these options needs (`train::validation_share`), and notes in them
/// what was cut. Before anything else sees the training set.
void cut_validation(data::Sets& data, train::TrainOptions& options);
/// "54000 training, 6000 validation and 10000 test images", with where the validation set is from.
std::string counts_text(const data::Sets& data, const train::TrainOptions& options);

/// Gives all sets the normalization that `options` or, if they have none, `usual` names: from then on it
/// is the data's own, wherever the model sees them. Says so on stderr when it is not the data set's.
void normalize(data::Sets& data, const train::TrainOptions& options, const data::Normalization& usual = {},
               const std::string& source = "");

using models::input_of;

/// The first 256 training images in order: the batch that data-dependent initializers (lsuv) are fitted to.
data::Batch initial_batch(const data::Dataset& training);

/// Becomes true at the first SIGINT (Ctrl-C), SIGTERM or SIGHUP; a second one of the first two ends the
/// program at once. One that the program was started with as ignored stays so.
const std::atomic<bool>& interrupted();
void interrupt();  ///< as a signal would
void watch_interrupts();

/// Says on stderr what to do about a run that learned nothing: a test accuracy that guessing gives too.
void point_to_probe(const train::Evaluation& test, const data::Dataset& data, const std::string& model,
                    const std::string& plan);

/// Accepts a seed: digits alone. Without it CLI11 takes -1 for 2⁶⁴ - 1.
CLI::Validator seed_number();

/// Splits at any of `separators` outside parentheses, braces and quoted values; pieces are trimmed, empty
/// ones dropped.
std::vector<std::string> split_list(const std::string& text, const std::string& separators);

/// "88.12%", or "-" for a number that is not known.
std::string share_text(double share);

/// As text in ASCII alone, whatever the strings hold: it may go to a terminal.
std::string json_text(const nlohmann::ordered_json& json);

/// "accuracy 88.10%, macro F1 87.95%, balanced accuracy 88.02%".
std::string accuracy_text(const train::Evaluation& test, const data::Dataset& data);
/// A line for each class of `data`: precision, recall, F1 and how many samples it has.
void print_class_scores(const train::Evaluation& test, const data::Dataset& data);
/// "macro_f1", "balanced_accuracy" and "classes": precision, recall and F1 of each; null where one is not
/// defined.
void add_class_scores(nlohmann::ordered_json& json, const train::Evaluation& test, const data::Dataset& data);

/// A row for each true class, a column for each predicted one.
nlohmann::ordered_json confusion_json(const train::Confusion& confusion);

}  // namespace fanin::program
