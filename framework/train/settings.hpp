#pragma once
#include "framework/data/dataset.hpp"
#include "framework/train/checkpoint.hpp"
#include "framework/train/trainer.hpp"

namespace fanin::train {

/// All that decides a run's bits besides the initial weights, as text: the two sets (name, size and a checksum of their
/// contents) and every option but `epochs` (see `train`), `patience`, callbacks and where checkpoints go.
Settings settings_of(const TrainOptions& options, const Dataset& training, const Dataset& test);

}  // namespace fanin::train
