#pragma once
#include <nlohmann/json_fwd.hpp>

#include <fanin/train/trainer.hpp>

namespace fanin::program {

/// Tells of every epoch on stderr, and ends the run at Ctrl-C. `options` must outlive the run.
void follow(train::TrainOptions& options);

/// An object an epoch.
nlohmann::ordered_json history_json(const std::vector<train::EpochRecord>& history);

}  // namespace fanin::program
