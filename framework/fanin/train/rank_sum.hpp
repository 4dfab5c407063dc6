#pragma once
#include <condition_variable>
#include <exception>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include <fanin/core/ranks.hpp>
#include <fanin/core/tensor.hpp>
#include <fanin/ops/shared_batch.hpp>

namespace fanin::train {

/// What several processes have together, in a tree over them whose form follows from their number alone: left
/// and right part are joined, the left the largest power of two that leaves something for the right.
class RankSum {
 public:
  /// `flat`, of which each process has its own, becomes their sum, piece by piece. `ranks` must outlive it, and is
  /// not to be used by others from `begin` to `finish`.
  RankSum(const RankGroup& ranks, const Tensor& flat);
  ~RankSum();
  RankSum(const RankSum&) = delete;
  RankSum& operator=(const RankSum&) = delete;

  /// Begins anew, with a flat buffer's first part.
  void begin();
  /// Elements from `begin` to `end` are all there: their sum is on its way, and goes on while the caller does other
  /// things. The same parts in the same order on every rank.
  void add(Index begin, Index end);
  /// Waits until all that was added is the sum. Error where a message could not be sent or received.
  void finish();

  using Join = ops::SharedBatch::Join;  ///< makes one value of two
  /// Puts in place of the values what those of all ranks are together; waits for them, while pieces go on.
  void all(std::span<double> values, Join join);

 private:
  /// What travels by itself of the flat buffer.
  struct Piece {
    Index begin, end;
    std::size_t stage;           // how far it has come
    std::vector<int> under_way;  // messages
  };
  bool advance(Piece& piece, std::size_t number);
  bool advance();
  void wait_for(int message);
  void carry();

  const RankGroup& ranks_;
  Tensor flat_, arriving_;     // `arriving_` is from another rank
  std::vector<int> children_;  // ranks whose sums come to this one, in this order
  int parent_ = -1;            // to which this one's goes; none: it is the first
  std::mutex mutex_;           // guards what follows, and `ranks_`
  std::condition_variable changed_;
  std::vector<Piece> pieces_;
  std::size_t begun_ = 0;            // pieces that are there
  bool under_way_ = false;           // some are not at their end
  bool over_ = false;                // the carrier is to end
  std::exception_ptr failure_ = {};  // the carrier's
  std::vector<double> more_ = {};    // values from another rank
  std::thread carrier_;              // lets pieces go on: MPI moves a message only while it is called
};

}  // namespace fanin::train
