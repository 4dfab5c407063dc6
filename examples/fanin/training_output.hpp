#pragma once
#include <string>

#include <nlohmann/json_fwd.hpp>

#include <fanin/datasets.hpp>
#include <fanin/models.hpp>
#include <fanin/train/trainer.hpp>

#include "examples/fanin/checkpoint_flags.hpp"

namespace fanin::program {

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
