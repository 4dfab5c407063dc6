#pragma once
#include <string>

#include <fanin/core/real.hpp>

namespace fanin::data {

/// What becomes of the samples that do not fill a batch. Of 65 samples in batches of 64:
enum class LastBatch {
  /// 64, 1: a short batch at the end, as PyTorch's DataLoader has it. Its few samples move the weights as far
  /// as 64 do.
  keep,
  drop,   ///< 64: left out, others in each epoch when the order is drawn anew
  spread  ///< 33, 32: as many batches as `keep` has, of sizes that differ by at most one
};

/// "keep", "drop" or "spread".
const char* name_of(LastBatch last);
/// The one of that name; Error (usage) with the nearest name for an unknown one.
LastBatch last_batch_named(const std::string& text);

/// How an epoch of `count` samples is cut into batches of at most `batch`.
class BatchCut {
 public:
  BatchCut() = default;  ///< no batches
  /// Error unless both are ≥ 1. No batches at all where `drop` leaves none.
  BatchCut(Index count, Index batch, LastBatch last);

  Index batches() const { return batches_; }  ///< in one epoch
  /// The first sample of batch 0..batches(), which is one past the last sample for the last of them; Error
  /// for any other.
  Index begin(Index batch) const;
  /// @{
  /// Samples of batch 0..batches()-1, Error for any other; of the smallest and the largest one, 0 where there
  /// are no batches.
  Index size(Index batch) const { return begin(batch + 1) - begin(batch); }
  Index smallest() const { return batches_ == 0 ? 0 : size(batches_ - 1); }
  Index largest() const { return batches_ == 0 ? 0 : size(0); }
  /// @}

 private:
  Index batches_ = 0, used_ = 0;
  Index each_ = 0,
        // the first `larger_` batches have each_ + 1 samples, the others each_, but for a short last one
      larger_ = 0;
};

}  // namespace fanin::data
