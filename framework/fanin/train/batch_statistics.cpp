#include <algorithm>
#include <utility>

#include <fanin/autograd/node.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/nn/norm.hpp>
#include <fanin/start/keep_state.hpp>
#include <fanin/train/batch_statistics.hpp>

namespace fanin::train {
namespace {

bool has_batch_statistics(nn::Module& model) {
  const auto modules = model.named_modules();
  return std::any_of(modules.begin(), modules.end(), [](const auto& one) {
    const auto* norm = dynamic_cast<const nn::BatchNorm*>(one.module);
    return norm != nullptr && !norm->freeze_statistics;
  });
}

/// A batch no larger than `batch` that leaves none of one sample; 0 when there is none.
Index batch_without_singles(Index count, Index batch, data::LastBatch last) {
  while (batch > 1 && data::BatchCut(count, batch, last).smallest() < 2) --batch;
  return batch > 1 ? batch : 0;
}

/// What shards are to share must be there, and in each of them something that has it.
void require_batch_norm(nn::Module& model, const data::Loader& loader, const TrainOptions& options,
                        data::LastBatch last) {
  const Index least = loader.cut().smallest();
  if (!has_batch_norm(model))
    fail_usage("--sync-batch-norm: this model has no batch normalization; leave it out");
  if (least < options.shards)
    fail_usage(
        "--sync-batch-norm: {} samples in batches of {} (last batch: {}) leave a batch of {}, fewer than its {} shards; use --shards {}, or another batch",
        loader.data().count, options.batch, name_of(last), least, options.shards, least);
}

/// Batch statistics of one sample may be of one value a channel, and such a step would fail when its turn
/// comes: tried here, before the first.
void require_single_samples_allowed(nn::Module& model, FineTuning& tuning, const data::Loader& loader,
                                    const TrainOptions& options, data::LastBatch last) {
  tuning.begin_epoch(options.epochs);  // with all that will ever train
  const start::KeepState keep(model);
  const NoGrad no_grad;
  try {
    model(data::first_batch(loader.data(), 1, options.augment.normalization()).images);
  } catch (const Error& error) {
    const auto& [count, batch] = std::pair(loader.data().count, options.batch);
    if (options.shards > 1)
      fail_usage(
          "{} samples in batches of {}, each cut in {} shards, leave a shard of 1, too few for this model's batch statistics; use fewer shards or a larger batch ({})",
          count, batch, options.shards, error.what());
    const Index other = batch_without_singles(count, batch, last);
    const std::string advice = other > 0   ? fmt::format("use a batch of {}", other)
                               : count > 1 ? "use a larger batch"
                                           : "use more samples";
    fail_usage(
        "{} samples in batches of {} (last batch: {}) leave a batch of 1, too few for this model's batch statistics; {}{} ({})",
        count, batch, name_of(last), advice,
        last == data::LastBatch::keep && other > 0 ? ", or spread the last batch or drop it" : "",
        error.what());
  }
}

}  // namespace

bool has_batch_norm(nn::Module& model) {
  const auto modules = model.named_modules();
  return std::any_of(modules.begin(), modules.end(), [](const auto& one) {
    return dynamic_cast<const nn::BatchNorm*>(one.module) != nullptr;
  });
}

data::LastBatch last_batch_of(const TrainOptions& options, nn::Module& model) {
  return options.last_batch.value_or(has_batch_statistics(model) ? data::LastBatch::spread
                                                                 : data::LastBatch::keep);
}

void require_batches_for_statistics(nn::Module& model, FineTuning& tuning, const data::Loader& loader,
                                    const TrainOptions& options) {
  const data::LastBatch last = last_batch_of(options, model);
  if (options.sync_batch_norm) require_batch_norm(model, loader, options, last);
  if (loader.cut().smallest() / (options.sync_batch_norm ? 1 : options.shards) <= 1 &&
      has_batch_statistics(model))
    require_single_samples_allowed(model, tuning, loader, options, last);
}

}  // namespace fanin::train
