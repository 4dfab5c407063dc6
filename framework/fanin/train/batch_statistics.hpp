#pragma once
#include <fanin/data/loader.hpp>
#include <fanin/train/trainer.hpp>

namespace fanin::train {

/// Error (usage) where the model normalizes by its batches and the loader would give it one, or a shard of one, that
/// it cannot; with `sync_batch_norm` also for a model that has no batch normalization, and for batches of fewer samples
/// than shards. `tuning` says what will ever train. Tried before the first step, as such a step would fail when its
/// turn comes.
void require_batches_for_statistics(nn::Module& model, FineTuning& tuning, const data::Loader& loader,
                                    const TrainOptions& options);

}  // namespace fanin::train
