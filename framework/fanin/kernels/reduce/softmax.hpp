#pragma once
#include <fanin/core/real.hpp>

namespace fanin::kernels {

/// Over each row of x[rows, cols]; y may alias x.
void softmax_forward(Index rows, Index cols, const real* x, real* y);
void log_softmax_forward(Index rows, Index cols, const real* x, real* y);
/// grad_x (+)= from the forward's output y; grad_x may alias grad_y.
void softmax_backward(Index rows, Index cols, const real* y, const real* grad_y, real* grad_x,
                      bool accumulate);
void log_softmax_backward(Index rows, Index cols, const real* y, const real* grad_y, real* grad_x,
                          bool accumulate);

/// The label of a row that cross-entropy leaves out.
inline constexpr std::int32_t ignored_label = -1;

/// Mean cross-entropy as PyTorch defines it: weighted by class_weights[label] (null: 1) and divided by the
/// sum of these weights; with label smoothing ε the target is (1-ε)·one_hot + ε/classes. Saves
/// softmax(logits) in `probabilities`. Labels lie in [0, classes) or are `ignored_label`, not all of them:
/// the caller checks.
real cross_entropy_forward(Index rows, Index classes, const real* logits, const std::int32_t* labels,
                           const real* class_weights, real label_smoothing, real* probabilities);
/// grad_logits = scale · d loss / d logits; may alias probabilities.
void cross_entropy_backward(Index rows, Index classes, const real* probabilities, const std::int32_t* labels,
                            const real* class_weights, real label_smoothing, real scale, real* grad_logits);

}  // namespace fanin::kernels
