#pragma once
#include <cstdint>
#include <span>

#include <fanin/core/tensor.hpp>

namespace fanin::ops {

/// Of cross_entropy.
struct CrossEntropyOptions {
  double label_smoothing = 0;  ///< in [0, 1]: this share of the target is spread over all classes
  Tensor class_weights = {};   ///< [classes], finite and ≥ 0, not differentiated; undefined: all 1
  /// Rows with this label count neither in the sum nor in the mean; their gradient is 0.
  std::int32_t ignore_index = -100;
};

/// The mean over the batch of -ln softmax(logits)[label]: torch.nn.functional.cross_entropy; with class
/// weights a weighted mean. logits [N, classes], one label a row, in [0, classes) or `ignore_index`; gives a
/// scalar. Error for an empty batch, one whose every row is ignored (PyTorch gives NaN there), a label out of
/// range, or weights that do not fit.
Tensor cross_entropy(const Tensor& logits, std::span<const std::int32_t> labels,
                     const CrossEntropyOptions& options = {});

/// The same with a distribution for each row as its target, [N, classes] of probabilities ≥ 0: the mean over
/// rows of the sum of -w t ln softmax(logits). The smoothing mixes the target with the uniform one;
/// `ignore_index` says nothing here. Error naming both shapes where they differ, for a negative target, or
/// weights that do not fit. Differentiable by both.
Tensor cross_entropy(const Tensor& logits, const Tensor& target, const CrossEntropyOptions& options = {});

/// Of nll.
struct NllOptions {
  Tensor class_weights = {};         ///< [classes], finite and ≥ 0; undefined: all 1
  std::int32_t ignore_index = -100;  ///< as for cross_entropy
};

/// The mean of -x[label] over the rows of log-probabilities x [N, classes]; with class weights a weighted
/// mean: torch.nn.functional.nll_loss. Errors as for cross_entropy.
Tensor nll(const Tensor& log_probabilities, std::span<const std::int32_t> labels,
           const NllOptions& options = {});

/// The mean of (x - target)² over all elements: torch.nn.functional.mse_loss. Both of one shape that is not
/// empty, else Error; gives a scalar, differentiable by both.
Tensor mse(const Tensor& x, const Tensor& target);

}  // namespace fanin::ops
