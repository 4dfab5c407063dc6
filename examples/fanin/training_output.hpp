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

}  // namespace fanin::program
