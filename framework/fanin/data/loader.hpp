#pragma once
#include <string>
#include <vector>

#include <fanin/core/memory.hpp>
#include <fanin/core/tensor.hpp>
#include <fanin/data/dataset.hpp>
#include <fanin/data/last_batch.hpp>
#include <fanin/data/transform.hpp>
#include <fanin/random/generator.hpp>

namespace fanin::data {

/// How a Loader walks its data set.
struct LoaderOptions {
  Index batch = 64;                        ///< samples, ≥ 1; no more than the set has
  bool shuffle = false;                    ///< draw a new order each epoch; the set's own otherwise
  LastBatch last_batch = LastBatch::keep;  ///< what becomes of the samples that do not fill one
  /// Random augmentation, sample by sample, and the normalization; none and the data set's by default.
  Transform transform = {};
};

/// Some samples as a network sees them.
struct Batch {
  Tensor images;                                                    ///< normalized, [B, C, H, W]
  PoolVector<std::int32_t> labels;                                  ///< one for each image
  Index size() const { return static_cast<Index>(labels.size()); }  ///< B
};

/// Walks a dataset batch by batch, epoch by epoch. The order follows from the generator's state alone — one
/// permutation an epoch — so loaders made alike give several networks the same batches, whatever else those
/// networks draw. Memory comes from the pool: after the first epoch no batch asks the system for any.
///
///     Loader loader(train, {.batch = 64, .shuffle = true}, Generator(seed));
///     for (Batch batch; loader.next(batch);) step(batch.images, batch.labels);   // one epoch
class Loader {
 public:
  /// `data` must outlive the loader. Error for batch < 1, a dataset that fails its own check, or `drop` with
  /// fewer samples than one batch.
  Loader(const Dataset& data, LoaderOptions options, const Generator& gen = Generator(0));
  Loader(Dataset&&, LoaderOptions, const Generator& = Generator(0)) = delete;

  /// The next batch of the epoch; false when the epoch is over, and the next call begins another. Error when
  /// the data set has changed its size, and for a loader that was moved from.
  bool next(Batch& batch);

  /// Where the walk stands: `batch` batches of epoch `epoch` (both from 0) have been handed out.
  struct Position {
    Index epoch = 0, batch = 0;  ///< epochs ended, batches of this one handed out
    bool operator==(const Position&) const = default;
  };
  Position position() const { return position_; }  ///< where the walk stands
  /// Continues as a loader made with the same arguments would from there; the orders of the epochs before are
  /// drawn anew. Error when there is no such position.
  void seek(const Position& position);

  Index batches() const { return cut_.batches(); }           ///< in one epoch
  const BatchCut& cut() const { return cut_; }               ///< how an epoch is cut into them
  const Dataset& data() const { return *data_; }             ///< what it walks
  const LoaderOptions& options() const { return options_; }  ///< as given, the batch no larger than the set

 private:
  void begin_epoch();

  const Dataset* data_;
  LoaderOptions options_;
  Generator first_, gen_;
  BatchCut cut_;
  Position position_;
  bool begun_ = false;  // whether this epoch's order has been drawn
  std::uint64_t augment_seed_ = 0;
  std::size_t image_bytes_ = 0;
  std::vector<Index> order_, identity_;
  std::vector<real> scale_, offset_;
  std::vector<std::uint8_t> augmented_, scratch_;
};

/// The first `most` samples of a set, or all it has, in their order, under `normalization`; the set's own
/// when that is empty.
Batch first_batch(const Dataset& data, Index most, const Normalization& normalization = {});

}  // namespace fanin::data
