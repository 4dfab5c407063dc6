#pragma once
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <fanin/datasets.hpp>
#include <fanin/models.hpp>
#include <fanin/train/provenance.hpp>
#include <fanin/train/trainer.hpp>

#include "examples/fanin/checkpoint_flags.hpp"

namespace fanin::program {

/// What a model file says of how it was made: by which line, with which `settings`, from which data (`sums`, as it was
/// read) and weight files, on which machine. The same for a run that was interrupted and resumed.
std::map<std::string, std::string> provenance_of(const CLI::App& command, const train::TrainOptions& options,
                                                 const train::SettingTexts& settings,
                                                 std::vector<train::DataSum> sums,
                                                 const std::vector<std::string>& weight_files);

/// Trains `model` as `train` and `finetune` do: with checkpoints that are model files by `origin`, progress on
/// stderr, and, unless it diverged, saved as `output` where that names a file.
train::TrainResult train_and_save(nn::Module& model, const data::Sets& data, train::TrainOptions& options,
                                  const models::ModelOrigin& origin, const CheckpointFlags& checkpoints,
                                  const std::string& output);

/// An object an epoch.
nlohmann::ordered_json history_json(const std::vector<train::EpochRecord>& history);

/// "test accuracy 86.80%, …", behind the validation set's where there is one.
std::string result_text(const train::TrainResult& result, const data::Sets& data);
/// `status`, then accuracies and losses by set.
nlohmann::ordered_json outcome_json(const train::TrainResult& result);

}  // namespace fanin::program
