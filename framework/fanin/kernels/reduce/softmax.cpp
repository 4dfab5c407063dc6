#include <algorithm>
#include <cmath>

#include <fanin/kernels/pointwise/activation.hpp>
#include <fanin/kernels/reduce/softmax.hpp>

namespace fanin::kernels {
namespace {

/// y = exp(x - max) unnormalized; returns {max, sum of y}. The shift keeps exp from overflowing.
struct Shifted {
  real max, sum;
};
Shifted shifted_exp(Index cols, const real* x, real* y) {
  const real max = *std::max_element(x, x + cols);
  for (Index j = 0; j < cols; ++j) y[j] = x[j] - max;
  exponentials(cols, y, y);
  real sum = 0;
  for (Index j = 0; j < cols; ++j) sum += y[j];
  return {max, sum};
}

real total_weight(Index rows, const std::int32_t* labels, const real* class_weights) {
  if (!class_weights) return static_cast<real>(rows - std::count(labels, labels + rows, ignored_label));
  double total = 0;
  for (Index i = 0; i < rows; ++i) {
    if (labels[i] != ignored_label) total += static_cast<double>(class_weights[labels[i]]);
  }
  return static_cast<real>(total);
}

}  // namespace

void softmax_forward(Index rows, Index cols, const real* x, real* y) {
  for (Index i = 0; i < rows; ++i, x += cols, y += cols) {
    const real scale = 1 / shifted_exp(cols, x, y).sum;
    for (Index j = 0; j < cols; ++j) y[j] *= scale;
  }
}

void log_softmax_forward(Index rows, Index cols, const real* x, real* y) {
  for (Index i = 0; i < rows; ++i, x += cols, y += cols) {
    const real max = *std::max_element(x, x + cols);
    real sum = 0;
    for (Index j = 0; j < cols; ++j) sum += std::exp(x[j] - max);
    const real log_sum = std::log(sum);
    for (Index j = 0; j < cols; ++j) y[j] = (x[j] - max) - log_sum;
  }
}

void softmax_backward(Index rows, Index cols, const real* y, const real* grad_y, real* grad_x,
                      bool accumulate) {
  for (Index i = 0; i < rows; ++i, y += cols, grad_y += cols, grad_x += cols) {
    real dot = 0;
    for (Index j = 0; j < cols; ++j) dot += grad_y[j] * y[j];
    for (Index j = 0; j < cols; ++j) grad_x[j] = (accumulate ? grad_x[j] : 0) + y[j] * (grad_y[j] - dot);
  }
}

void log_softmax_backward(Index rows, Index cols, const real* y, const real* grad_y, real* grad_x,
                          bool accumulate) {
  for (Index i = 0; i < rows; ++i, y += cols, grad_y += cols, grad_x += cols) {
    real sum = 0;
    for (Index j = 0; j < cols; ++j) sum += grad_y[j];
    for (Index j = 0; j < cols; ++j)
      grad_x[j] = (accumulate ? grad_x[j] : 0) + (grad_y[j] - std::exp(y[j]) * sum);
  }
}

real cross_entropy_forward(Index rows, Index classes, const real* logits, const std::int32_t* labels,
                           const real* class_weights, real label_smoothing, real* probabilities) {
  double hard = 0, smooth = 0;  // summed in double: the mean of a large batch keeps its last digits
  for (Index i = 0; i < rows; ++i) {
    const real* z = logits + i * classes;
    real* p = probabilities + i * classes;
    if (labels[i] == ignored_label) {
      std::fill_n(p, classes, real(0));
      continue;
    }
    const real label_logit = z[labels[i]];
    const auto weight = [&](Index j) { return static_cast<double>(class_weights ? class_weights[j] : 1); };
    // Before z is overwritten (it may alias p): the smoothed part needs every logit.
    double weighted_logits = 0, weight_sum = 0;
    if (label_smoothing != 0) {
      for (Index j = 0; j < classes; ++j) {
        weighted_logits += weight(j) * static_cast<double>(z[j]);
        weight_sum += weight(j);
      }
    }
    const Shifted shifted = shifted_exp(classes, z, p);
    const real log_sum = std::log(shifted.sum);
    hard += weight(labels[i]) * static_cast<double>(log_sum - (label_logit - shifted.max));
    smooth += weight_sum * static_cast<double>(log_sum + shifted.max) - weighted_logits;
    const real scale = 1 / shifted.sum;
    for (Index j = 0; j < classes; ++j) p[j] *= scale;
  }
  const double total = static_cast<double>(total_weight(rows, labels, class_weights));
  const double epsilon = static_cast<double>(label_smoothing);
  return static_cast<real>(((1 - epsilon) * hard + epsilon / static_cast<double>(classes) * smooth) / total);
}

void cross_entropy_backward(Index rows, Index classes, const real* probabilities, const std::int32_t* labels,
                            const real* class_weights, real label_smoothing, real scale, real* grad_logits) {
  const real each = scale / total_weight(rows, labels, class_weights);
  const real smoothing = label_smoothing / static_cast<real>(classes) * each;
  real weight_sum = static_cast<real>(classes);
  if (class_weights) {
    weight_sum = 0;
    for (Index j = 0; j < classes; ++j) weight_sum += class_weights[j];
  }
  for (Index i = 0; i < rows; ++i) {
    const real* p = probabilities + i * classes;
    real* g = grad_logits + i * classes;
    const Index label = labels[i];
    if (label == ignored_label) {
      std::fill_n(g, classes, real(0));
      continue;
    }
    const real hard = (1 - label_smoothing) * each * (class_weights ? class_weights[label] : 1);
    for (Index j = 0; j < classes; ++j) {
      const real smoothed = smoothing * (p[j] * weight_sum - (class_weights ? class_weights[j] : 1));
      g[j] = hard * (p[j] - (j == label ? real(1) : real(0))) + smoothed;
    }
  }
}

}  // namespace fanin::kernels
