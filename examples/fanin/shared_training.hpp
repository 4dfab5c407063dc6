#pragma once
#include <string>
#include <vector>

#include <fanin/data/sets.hpp>
#include <fanin/train/trainer.hpp>

#include "examples/fanin/command.hpp"

namespace fanin::program {

/// Gives the options this process's place among those that train together; nothing where it trains alone.
void share_out(train::TrainOptions& options, const TrainingFlags& flags);
/// Error (usage) where the model cannot be trained in these shards, on so many processes.
void require_shares(nn::Module& model, const train::TrainOptions& options);
/// "; 8 shards on 4 processes", or empty.
std::string shares_text(const train::TrainOptions& options);
/// Error (usage), on every rank, where one has other data or weight files of these names than rank 0.
void require_same_files(const data::Sets& data, const std::vector<std::string>& weight_files);

}  // namespace fanin::program
