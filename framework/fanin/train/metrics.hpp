#pragma once
#include <span>
#include <vector>

#include <fanin/core/ranks.hpp>
#include <fanin/data/dataset.hpp>
#include <fanin/data/normalization.hpp>
#include <fanin/nn/module.hpp>

namespace fanin::train {

/// How many rows of logits [N, classes] have their largest entry at the row's label. A row with a NaN is
/// wrong. Error unless there is one label a row.
Index count_correct(const Tensor& logits, std::span<const std::int32_t> labels);

/// The class each row of logits [N, classes] predicts: its largest entry, the first of equals; -1 for a row
/// with a NaN. Error unless there is room for one class a row.
void predictions(const Tensor& logits, std::span<std::int32_t> classes);

/// Which class samples were taken for; those whose logits are NaN are nowhere.
struct Confusion {
  int classes = 0;            ///< of the data set
  std::vector<Index> counts;  ///< [classes, classes]: true class by predicted one, row-major
  /// Samples of class `truth` that were taken for `predicted`, both in 0..classes-1.
  Index at(int truth, int predicted) const {
    return counts[static_cast<std::size_t>(truth) * static_cast<std::size_t>(classes) +
                  static_cast<std::size_t>(predicted)];
  }
};

/// What a test found.
struct Evaluation {
  double loss = 0;      ///< mean cross-entropy, nats
  double accuracy = 0;  ///< share of samples predicted right; NaN (unknown) when there are undecided ones
  Confusion confusion;  ///< of the samples that were decided
  Index count = 0;      ///< samples
  Index undecided = 0;  ///< samples with a NaN among their logits: such a model predicts nothing
};

/// Runs `model` over all of `data` as its `predict` does: in evaluation mode, whichever it is in, without
/// recording. Nothing of it is written, so several threads may evaluate one model at once. Pixels are
/// normalized as the model was trained: by `normalization`, or the set's own constants when that is empty.
/// Error for an empty set, and for logits that do not have one column per class. `ranks`, which have the model
/// alike and all call this, share the batches out, to the same bits.
Evaluation evaluate(const nn::Module& model, const data::Dataset& data, Index batch = 250,
                    const data::Normalization& normalization = {}, const RankGroup* ranks = nullptr);

}  // namespace fanin::train
