#pragma once
#include "framework/data/dataset.hpp"
#include "framework/train/checkpoint.hpp"
#include "framework/train/trainer.hpp"

namespace fanin::train {

/// A data set's name, sizes and a checksum of all it holds: a folder's content may change under its name.
std::string describe(const Dataset& data);

/// Every option that decides a run's bits, as text: all but `epochs` (see `train`), `patience`, callbacks and where checkpoints go.
Settings settings_of(const TrainOptions& options);
/// All that decides them besides the initial weights: the two sets, then the options.
Settings settings_of(const TrainOptions& options, const Dataset& training, const Dataset& test);

}  // namespace fanin::train
