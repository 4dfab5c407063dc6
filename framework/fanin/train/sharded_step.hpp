#pragma once
#include <span>
#include <utility>
#include <vector>

#include <fanin/core/ranks.hpp>
#include <fanin/data/loader.hpp>
#include <fanin/nn/module.hpp>
#include <fanin/ops/loss.hpp>

namespace fanin::train {

/// The gradients of a batch that is cut into shards, each with a forward and backward pass of its own (Li et
/// al. 2020, PyTorch's DistributedDataParallel): their sum, in a tree whose form follows from the number of
/// shards alone. So one process that computes all of them one by one, and several that share them out, have
/// the same bits. The ranks' sums travel in buckets of one flat buffer, each as soon as backward has it.
///
/// Batch statistics are a shard's own; running statistics move by the mean of what the shards would have moved
/// them. A layer that draws has a stream for each shard of each step.
class ShardedStep {
 public:
  /// Of so many shards; `ranks`, which may be null, and the model must outlive it. Error (usage) unless each
  /// rank gets as many shards, a power of two.
  ShardedStep(nn::Module& model, Index shards, const Ranks* ranks, std::uint64_t seed);

  /// What all ranks know of a step.
  struct Found {
    double loss;    ///< as `ops::cross_entropy` has it of the whole batch, but for rounding
    Index correct;  ///< samples that were predicted right
    bool stop;      ///< whether some rank was asked to stop
  };
  /// Leaves the gradients of the batch, of that step, in the parameters of every rank.
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
    std::size_t stage = 0;                    ///< how far it has come between the ranks
    std::vector<int> under_way = {};          ///< messages
  };

  void lay_out();
  void compute(const data::Batch& batch, Index shard, Index step, const ops::CrossEntropyOptions& options);
  void take(const Bucket& bucket, double share);
  void take_ready(double share, bool all);
  void merge(Index begin, Index end);
  bool advance(Bucket& bucket, std::size_t number);
  bool advance_all();
  void put_back();
  real* top() { return slots_[depth_].data(); }

  nn::Module& model_;
  Index shards_, first_, end_;  // of this rank
  const Ranks* ranks_;
  std::uint64_t seed_;
  bool draws_;
  std::vector<std::shared_ptr<nn::Parameter>> parameters_;  // the last first, as backward comes to them
  std::vector<Index> begins_;                               // where each lies in the flat buffer
  std::vector<Place> buffers_;
  std::vector<Tensor> buffers_before_;
  Index total_ = 0;
  std::vector<Tensor> slots_;  // sums of 1, 2, 4, … shards that wait for their like; the top is under way
  std::vector<Index> sizes_;   // of those that wait
  std::size_t depth_ = 0;
  Tensor arriving_;  // from another rank
  std::vector<Bucket> buckets_;
  std::size_t taken_ = 0;      // buckets that have left the gradients
  std::vector<int> children_;  // ranks whose sums come to this one, in this order
  int parent_ = -1;            // to which this one's goes; none: it is the first
  bool last_ = false;          // the shard under way is this rank's last
};

}  // namespace fanin::train
