#pragma once
#include <span>
#include <vector>

#include <fanin/core/ranks.hpp>
#include <fanin/core/tensor.hpp>
#include <fanin/ops/shared_batch.hpp>

namespace fanin::train {

/// What several processes have together, in a tree over them whose form follows from their number alone: left
/// and right part are joined, the left the largest power of two that leaves something for the right.
class RankSum {
 public:
  /// `flat`, of which each process has its own, becomes their sum, part by part. `ranks` must outlive it.
  RankSum(const Ranks& ranks, const Tensor& flat);

  /// Begins anew, with a flat buffer's first part.
  void begin();
  /// Elements from `begin` to `end` are all there: their sum is on its way. The same parts in the same order on
  /// every rank.
  void add(Index begin, Index end);
  /// Lets what is on its way go on; whether all of it has come to its end.
  bool advance();

  using Join = ops::SharedBatch::Join;  ///< makes one value of two
  /// Puts in place of the values what those of all ranks are together; waits for them, while parts go on.
  void all(std::span<double> values, Join join);

 private:
  /// A part of the flat buffer that travels by itself.
  struct Part {
    Index begin, end;
    std::size_t stage;           // how far it has come
    std::vector<int> under_way;  // messages
  };
  bool advance(Part& part, std::size_t number);
  void wait_for(int message);

  const Ranks& ranks_;
  Tensor flat_, arriving_;     // `arriving_` is from another rank
  std::vector<int> children_;  // ranks whose sums come to this one, in this order
  int parent_ = -1;            // to which this one's goes; none: it is the first
  std::vector<Part> parts_;
  std::size_t begun_ = 0;          // parts that are there
  std::vector<double> more_ = {};  // values from another rank
};

}  // namespace fanin::train
