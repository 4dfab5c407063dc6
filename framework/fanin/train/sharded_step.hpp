#pragma once
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <fanin/core/ranks.hpp>
#include <fanin/data/loader.hpp>
#include <fanin/nn/module.hpp>
#include <fanin/ops/loss.hpp>
#include <fanin/train/lockstep.hpp>
#include <fanin/train/rank_sum.hpp>

namespace fanin::train {

/// How a step's batch is cut.
struct ShardOptions {
  Index shards = 1;              ///< in so many parts
  bool sync_batch_norm = false;  ///< batch statistics are the whole batch's, not a shard's own
  std::uint64_t seed = 0;        ///< of what layers draw
};

/// The first shard of this rank, and the one behind its last. Error (usage) unless each rank gets as many, a power of
/// two.
std::pair<Index, Index> own_shards(Index shards, const RankGroup& ranks);

/// The gradients of a batch that is cut into shards, each with a forward and backward pass of its own (Li et
/// al. 2020, PyTorch's DistributedDataParallel): their sum, in a tree whose form follows from the number of
/// shards alone. So one process that computes all of them one by one, and several that share them out, have
/// the same bits. The ranks' sums travel in buckets of one flat buffer, each as soon as backward has it.
///
/// Batch statistics are a shard's own, and running statistics move by the mean of what the shards would have
/// moved them; with `sync_batch_norm` a process's shards go from one batch normalization to the next together,
/// and both are the whole batch's. A layer that draws has a stream for each shard of each step.
class ShardedStep {
 public:
  /// `ranks`, which may be null, and the model must outlive it. Error as for `own_shards`.
  ShardedStep(nn::Module& model, const ShardOptions& options, const RankGroup* ranks);

  /// What all ranks know of a step.
  struct Found {
    double loss;    ///< as `ops::cross_entropy` has it of the whole batch, but for rounding
    Index correct;  ///< samples that were predicted right
    bool stop;      ///< whether some rank was asked to stop
  };
  /// Leaves the gradients of the batch, of that step, in the parameters of every rank. Error, with
  /// `sync_batch_norm`, for a batch of fewer samples than shards.
  Found operator()(const data::Batch& batch, Index step, const ops::CrossEntropyOptions& options,
                   bool stop = false);

 private:
  /// A tensor's place in the flat buffer.
  struct Place {
    Tensor tensor;
    Index begin, count;
  };
  /// A part of the flat buffer that travels by itself.
  struct Bucket {
    Index begin, end;                         ///< in the buffer
    std::size_t first_parameter, parameters;  ///< that lie in it
  };
  /// The step under way.
  struct Call {
    const data::Batch& batch;
    Index step;
    const ops::CrossEntropyOptions& options;
    bool stop;
  };
  /// What a shard has of its own while others compute, where they go together.
  struct Apart {
    std::vector<Generator> streams;
    std::vector<Tensor> buffers;
  };

  void lay_out();
  void one_by_one(const Call& call);
  void together(const Call& call);
  void enter(std::size_t which);
  void leave(std::size_t which);
  void compute(const Call& call, Index shard);
  void take(std::size_t parameter, double share);
  void take_ready(double share, bool all);
  void merge(Index begin, Index end);
  void put_back();
  bool is_together() const { return lockstep_.has_value(); }
  real* top() { return slots_[depth_].data(); }

  nn::Module& model_;
  ShardOptions options_;
  Index first_, end_;  // shards of this rank
  const RankGroup* ranks_;
  bool draws_;
  std::vector<std::shared_ptr<nn::Parameter>> parameters_;  // the last first, as backward comes to them
  std::vector<Index> begins_;                               // where each lies in the flat buffer
  std::vector<Place> buffers_;                              // but for those that all shards move alike
  std::vector<Tensor> buffers_before_;
  Index total_ = 0;
  // Sums of 1, 2, 4, … shards that wait for their like, the top under way; or, together, one of each shard.
  std::vector<Tensor> slots_;
  std::vector<Index> sizes_;  // of those that wait
  std::size_t depth_ = 0;
  std::vector<Bucket> buckets_;
  std::size_t taken_ = 0;  // buckets that have left the gradients
  bool last_ = false;      // the shard under way is this rank's last
  std::optional<RankSum> sum_;
  std::vector<Generator*> generators_;  // that layers draw from
  std::vector<Apart> apart_;
  std::optional<Lockstep> lockstep_;  // the last member: its threads use the others
};

}  // namespace fanin::train
