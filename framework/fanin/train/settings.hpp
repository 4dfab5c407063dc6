#pragma once
#include <concepts>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include <fanin/data/dataset.hpp>
#include <fanin/train/checkpoint.hpp>
#include <fanin/train/trainer.hpp>
#include <fanin/train/warm_start.hpp>

/// @file
/// The one list of what a run's result depends on. Flags with their help, results.json, the report's page,
/// checkpoints and the fingerprints of kept runs are all made from it: `each_setting(options, visit)` calls
/// `visit(setting, member)` for every one. A member added to one of these structs does not compile before it
/// is named here too.
namespace fanin::train {

/// Which commands offer a setting as a flag.
enum class Topic { training, stopping, comparison, finetuning };

/// What a setting is called.
struct Setting {
  const char* key;                ///< in results, checkpoints and fingerprints
  const char* flag = "";          ///< on the command line; empty: no flag of its own
  const char* help = "";          ///< one line for `--help`
  Topic topic = Topic::training;  ///< which commands offer it
  bool may_change = false;        ///< when a run is resumed
};

/// T is Plain, const or not: one list both reads and writes.
template <class T, class Plain>
concept Like = std::same_as<std::remove_const_t<T>, Plain>;

/// @{
/// Calls `visit(setting, member)` for every member that a result depends on, in the order in which they are
/// shown.
void each_setting(Like<optim::OptimizerOptions> auto& options, auto&& visit) {
  auto& [rule, lr, weight_decay, no_decay, momentum, dampening, nesterov, beta1, beta2, alpha, eps] = options;
  visit(Setting{"optimizer", "--optimizer", "sgd, adam, adamw or rmsprop"}, rule);
  visit(Setting{"lr", "--lr", "learning rate"}, lr);
  visit(Setting{"momentum", "--momentum", "of sgd and rmsprop"}, momentum);
  visit(Setting{"dampening"}, dampening);
  visit(Setting{"nesterov", "--nesterov", "Nesterov momentum"}, nesterov);
  visit(Setting{"weight_decay", "--weight-decay", "L2 penalty; decoupled for adamw"}, weight_decay);
  visit(Setting{"no_decay", "--no-decay", "what has no weight decay, as \"*.bias; *norm*\""}, no_decay);
  visit(Setting{"beta1"}, beta1);
  visit(Setting{"beta2"}, beta2);
  visit(Setting{"alpha"}, alpha);
  visit(Setting{"eps"}, eps);
}

void each_setting(Like<FineTune> auto& options, auto&& visit) {
  constexpr Topic topic = Topic::finetuning;
  auto& [freeze, freeze_statistics, head, rates, layer_decay, head_epochs, unfreeze_every, l2_sp, l2_head] =
      options;
  visit(Setting{"head", "--head", "the new task's layer, drawn anew; default: the last layer with weights",
                topic},
        head);
  visit(Setting{"freeze", "--freeze", "layers that do not train; may be given more than once", topic},
        freeze);
  visit(Setting{"freeze_statistics"}, freeze_statistics);
  visit(Setting{"rates"}, rates);
  visit(Setting{"layer_decay", "--layer-decay",
                "each layer below the head learns this much slower than the one above", topic},
        layer_decay);
  visit(Setting{"head_epochs", "--head-epochs", "first epochs that train the head alone", topic},
        head_epochs);
  visit(Setting{"unfreeze_every", "--unfreeze-every",
                "gradual unfreezing: one more layer every so many epochs", topic},
        unfreeze_every);
  visit(Setting{"l2_sp", "--l2-sp", "pull of the body to its starting values", topic}, l2_sp);
  visit(Setting{"l2_head", "--l2-head", "pull of the head to zero", topic}, l2_head);
}

void each_setting(Like<EarlyStopping> auto& options, auto&& visit) {
  constexpr Topic topic = Topic::stopping;
  auto& [patience, min_delta, measure, restore_best] = options;
  visit(
      Setting{"patience", "--patience",
              "stop after so many epochs without a better one on the validation set; 0: never", topic, true},
      patience);
  visit(Setting{"min_delta", "--min-delta", "a smaller gain is none to --patience", topic}, min_delta);
  visit(Setting{"best_by", "--best-by",
                "what makes an epoch the best, on the validation set: accuracy or loss", topic},
        measure);
  visit(Setting{"restore_best", "--restore-best",
                "end with the best epoch's weights (on the validation set), not the last one's", topic},
        restore_best);
}

void each_setting(Like<TrainOptions> auto& options, auto&& visit) {
  [[maybe_unused]] auto& [epochs, batch, shards, sync_batch_norm, last_batch, seed, optimizer, schedule,
                          clip_norm, label_smoothing, class_weights, augment, finetune, early_stopping,
                          checkpoint, validation, data_seed, test_every, curve_every, threshold,
                          threshold_every, threshold_samples, ranks, log, on_step, on_epoch, stop] = options;
  visit(Setting{"epochs", "--epochs", "passes over the training set", Topic::training, true}, epochs);
  visit(Setting{"batch", "--batch", "samples a step"}, batch);
  visit(
      Setting{
          "shards", "--shards",
          "cut each batch in so many parts, and sum their gradients in a fixed order: the processes of mpirun share "
          "them, to the same bits for any number of processes"},
      shards);
  visit(
      Setting{
          "sync_batch_norm", "--sync-batch-norm",
          "batch normalization by the statistics of the whole batch, not of each of its --shards, as one process "
          "without shards has it but for rounding"},
      sync_batch_norm);
  visit(
      Setting{
          "last_batch", "--last-batch",
          "samples that do not fill a batch: keep (a short batch), drop, or spread (batches differ by at most one); auto: spread in "
          "compare and for models with batch statistics, else keep"},
      last_batch);
  visit(Setting{"seed"}, seed);
  each_setting(optimizer, visit);
  visit(Setting{"schedule", "--schedule",
                "constant, step(every=2, gamma=0.1), cosine, one_cycle; each takes warmup=STEPS"},
        schedule);
  visit(Setting{"clip", "--clip", "largest joint gradient norm; 0: no clipping"}, clip_norm);
  visit(Setting{"label_smoothing", "--label-smoothing", "share of the target spread over all classes"},
        label_smoothing);
  visit(
      Setting{
          "class_weights", "--class-weights",
          "how much each class counts in the training loss: balanced, or w1,w2,… (one number > 0 a class)"},
      class_weights);
  visit(
      Setting{
          "augment", "--augment",
          "random changes to training images: \"crop(pad=2); flip; shift(2)\"; with normalise(mean=0.5, stddev=0.25) "
          "the model's normalisation, of all images"},
      augment);
  visit(
      Setting{
          "validation", "--validation",
          "a share (0.1) or a number of images of the training set that is set aside, each class in proportion: whatever is "
          "chosen is chosen by it, and the test set is read once at the end; none: a tenth if anything is chosen, else nothing; "
          "a folder may bring its own (train/, val/, test/)"},
      validation);
  visit(
      Setting{"data_seed", "--data-seed", "which images --validation sets aside; the same for every --seed"},
      data_seed);
  each_setting(finetune, visit);
  each_setting(early_stopping, visit);
  visit(Setting{"threshold", "--threshold",
                "report the steps to reach this validation accuracy; 0: do not look", Topic::comparison},
        threshold);
  visit(Setting{"threshold_every"}, threshold_every);
  visit(Setting{"threshold_samples"}, threshold_samples);
  visit(Setting{"test_every"}, test_every);
  visit(Setting{"curve_every"}, curve_every);
}

void each_setting(Like<start::WarmStartOptions> auto& options, auto&& visit) {
  constexpr Topic topic = Topic::finetuning;
  // The seed is the run's: `WarmStart::start` sets it.
  [[maybe_unused]] auto& [strip_prefix, rename, add_prefix, skip, allow_missing, allow_unexpected, adapt,
                          on_shape_mismatch, allow_nonfinite, seed] = options;
  visit(Setting{"strip_prefix", "--strip-prefix", "taken off every saved name that has it", topic},
        strip_prefix);
  visit(Setting{"rename"}, rename);
  visit(Setting{"add_prefix", "--add-prefix", "put before every saved name", topic}, add_prefix);
  visit(Setting{"skip", "--skip", "parameters that are not loaded; may be given more than once", topic},
        skip);
  visit(Setting{"adapt"}, adapt);
  visit(Setting{"on_shape_mismatch"}, on_shape_mismatch);
  visit(Setting{"allow_missing", "--allow-missing", "draw what the file lacks", topic}, allow_missing);
  visit(Setting{"allow_unexpected", "--allow-unexpected", "leave out what the model lacks", topic},
        allow_unexpected);
  visit(Setting{"allow_nonfinite", "--allow-nonfinite", "load NaN and infinities as they are", topic},
        allow_nonfinite);
}

// Where a warm start comes from. How it is trained further (`finetune`, `lr_body`) stands among the
// training's settings.
void each_setting(Like<WarmStart> auto& options, auto&& visit) {
  [[maybe_unused]] auto& [file, key, matching, keep_head, shrink_perturb, finetune, lr_body] = options;
  visit(Setting{"from", "--from", "the weight file", Topic::finetuning}, file);
  visit(Setting{"key", "--key",
                "the dict in a PyTorch file that holds the weights, as fanin inspect lists them",
                Topic::finetuning},
        key);
  each_setting(matching, visit);
  visit(Setting{"keep_head", "--keep-head", "load the head as well", Topic::finetuning}, keep_head);
  visit(Setting{"shrink_perturb"}, shrink_perturb);
}
/// @}

/// @{
/// A setting's value as text, "none" where it is empty. Those that `read_setting` knows read back.
std::string setting_text(bool value);
std::string setting_text(double value);
std::string setting_text(std::integral auto value) { return std::to_string(value); }
std::string setting_text(const std::string& value);
std::string setting_text(const std::vector<std::string>& values);
std::string setting_text(const optim::UpdateRule& rule);
std::string setting_text(const optim::Schedule& schedule);
std::string setting_text(const data::Transform& transform);
std::string setting_text(const data::Share& share);
std::string setting_text(const ClassWeights& weights);
std::string setting_text(Measure measure);
std::string setting_text(const std::optional<data::LastBatch>& last_batch);
std::string setting_text(start::Mismatch mismatch);
std::string setting_text(const std::vector<RateRule>& rules);
std::string setting_text(const std::vector<start::Rename>& rules);
std::string setting_text(const std::vector<start::AdaptRule>& rules);
std::string setting_text(const std::optional<start::ShrinkPerturbOptions>& options);
/// @}

/// @{
/// Sets a setting from its text. Error (usage) naming the text and the nearest known ones.
void read_setting(const std::string& text, optim::UpdateRule& rule);
void read_setting(const std::string& text, optim::Schedule& schedule);
void read_setting(const std::string& text, data::Transform& transform);
void read_setting(const std::string& text, data::Share& share);
void read_setting(const std::string& text, Measure& measure);
void read_setting(const std::string& text, std::optional<data::LastBatch>& last_batch);
void read_setting(const std::string& text, ClassWeights& weights);
/// @}

/// Every setting with its value, in the list's order.
template <class Options>
SettingTexts settings_of(const Options& options) {
  SettingTexts all;
  each_setting(options, [&all](const Setting& setting, const auto& value) {
    all.emplace_back(setting.key, setting_text(value));
  });
  return all;
}

/// A data set's name, sizes and a checksum of all it holds: a folder's content may change under its name.
std::string describe(const data::Dataset& data);

/// What must be the same for a run to go on as if never interrupted: all settings but those that may change,
/// then the sets, whose cut follows from them.
SettingTexts fixed_settings(const TrainOptions& options, const data::Sets& sets);

}  // namespace fanin::train
