#pragma once
#include <functional>
#include <span>

namespace fanin::ops {

/// While one lives, what this thread computes is a part of a batch whose other parts are computed elsewhere:
/// in training `batch_norm` normalizes by the statistics of them all, and the gradient is that of the whole
/// batch (SyncBatchNorm; Peng et al. 2018). Every part runs the same ops in the same order, forward and
/// backward; the gradient that each begins with is that of one loss, of all parts. They nest.
class SharedBatch {
 public:
  /// Puts into the first what it and the second are together.
  using Join = void (*)(std::span<double> into, std::span<const double> more);
  /// Puts in place of this part's values those of all parts together.
  using OfAll = std::function<void(std::span<double> values, Join join)>;

  /// `moves_running`: whether this part moves the running statistics, where parts share them.
  explicit SharedBatch(OfAll of_all, bool moves_running = true);
  ~SharedBatch();
  SharedBatch(const SharedBatch&) = delete;
  SharedBatch& operator=(const SharedBatch&) = delete;

  static const SharedBatch* current();  ///< this thread's innermost; null: there is none
  static const SharedBatch& here();     ///< likewise; Error where there is none

  /// As `OfAll`.
  void all(std::span<double> values, Join join) const { of_all_(values, join); }
  bool moves_running() const { return moves_running_; }  ///< as given

 private:
  OfAll of_all_;
  bool moves_running_;
  const SharedBatch* before_;
};

}  // namespace fanin::ops
