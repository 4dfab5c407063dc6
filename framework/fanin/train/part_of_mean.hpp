#pragma once
#include <cstdint>
#include <span>

#include <fanin/ops/loss.hpp>

namespace fanin::train {

/// What a batch's mean loss divides by: its rows' weights, but for those that are ignored.
double mean_divisor(std::span<const std::int32_t> labels, const ops::CrossEntropyOptions& options);

/// A mean over some of a batch's rows, and what it counts in the batch's.
struct PartOfMean {
  Tensor loss;   ///< one number, of these rows alone
  double share;  ///< the batch's mean is the sum of loss times share
};

/// The cross-entropy of these rows, logits [rows, classes], of a batch whose mean divides by `batch_divisor`.
/// Rows that weigh nothing have no mean of their own; smoothing gives them a part in the batch's nonetheless.
/// Error as for `ops::cross_entropy`.
PartOfMean part_of_mean(const Tensor& logits, std::span<const std::int32_t> labels,
                        const ops::CrossEntropyOptions& options, double batch_divisor);

}  // namespace fanin::train
