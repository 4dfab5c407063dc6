#include <algorithm>
#include <cmath>

#include <fanin/kernels/pieces.hpp>
#include <fanin/kernels/reduce/reduce.hpp>
#include <fanin/kernels/reduce/softmax.hpp>
#include <fanin/kernels/workspace.hpp>

#define FANIN_KERNEL_SOURCE <fanin/kernels/reduce/softmax.cpp>
#include <fanin/kernels/simd/for_each_isa.inl>

#ifdef FANIN_VECTOR_BYTES  // for each instruction set
#include <fanin/kernels/simd/vector_math.inl>

namespace {

/// The vectors of n elements at p, and at q: f(first, second) goes to out, the last few padded.
template <class F>
FANIN_INLINE void map_two(Index n, const real* p, const real* q, real* out, bool accumulate, F f) {
  Index i = 0;
  for (; i + lanes <= n; i += lanes) {
    const Vec before = accumulate ? load(out + i) : Vec{};
    store(out + i, before + f(load(p + i), load(q + i)));
  }
  if (i == n) return;
  const Index rest = n - i;
  const Vec before = accumulate ? load_first(out + i, rest) : Vec{};
  store_first(out + i, rest, before + f(load_first(p + i, rest), load_first(q + i, rest)));
}

}  // namespace

/// The largest element; anything when one is NaN, which shows in what follows.
real largest(Index n, const real* x) {
  if (n < lanes) return *std::max_element(x, x + n);
  Vec most = load(x + n - lanes);  // the last few, some of which are met twice
  for (Index i = 0; i + lanes <= n; i += lanes) {
    const Vec v = load(x + i);
    most = v > most ? v : most;
  }
  real result = most[0];
  for (int l = 1; l < lanes; ++l) result = std::max(result, most[l]);
  return result;
}

/// y[i] = exp(x[i] - shift)
void shifted_exponentials(Index n, const real* x, real shift, real* y) {
  map(n, x, y, [=](Vec v) FANIN_LAMBDA { return exp(v - shift); });
}
/// y[i] = (x[i] - a) - b
void minus(Index n, const real* x, real a, real b, real* y) {
  map(n, x, y, [=](Vec v) FANIN_LAMBDA { return (v - a) - b; });
}
void multiply(Index n, real factor, real* y) {
  map(n, y, y, [=](Vec v) FANIN_LAMBDA { return v * factor; });
}

void softmax_gradient(Index n, const real* y, const real* grad_y, real dot, real* grad_x, bool accumulate) {
  map_two(n, y, grad_y, grad_x, accumulate, [=](Vec p, Vec g) FANIN_LAMBDA { return p * (g - dot); });
}
void log_softmax_gradient(Index n, const real* y, const real* grad_y, real sum, real* grad_x,
                          bool accumulate) {
  map_two(n, y, grad_y, grad_x, accumulate, [=](Vec p, Vec g) FANIN_LAMBDA { return g - exp(p) * sum; });
}

#else  // once

namespace fanin::kernels {
namespace {

constexpr Index short_row = 32;  // up to here one element after another is as fast

real row_sum(Index cols, const real* x) {
  if (cols > short_row) return static_cast<real>(sum(cols, x));
  real total = 0;
  for (Index j = 0; j < cols; ++j) total += x[j];
  return total;
}

real row_dot(Index cols, const real* x, const real* y) {
  if (cols > short_row) return static_cast<real>(sum_and_dot(cols, x, y, 0).dot);
  real total = 0;
  for (Index j = 0; j < cols; ++j) total += x[j] * y[j];
  return total;
}

/// row(i) for each of the rows, in pieces of some thousand elements.
template <class Row>
void each_row(Index rows, Index cols, Row row) {
  each_piece(
      rows,
      [&](Index first, Index count) {
        for (Index i = first; i < first + count; ++i) row(i);
      },
      std::max<Index>(1, 2'048 / std::max<Index>(cols, 1)));
}

/// y = exp(x - max) unnormalized; returns {max, sum of y}. The shift keeps exp from overflowing.
struct Shifted {
  real max, sum;
};
Shifted shifted_exp(Index cols, const real* x, real* y) {
  const real max = FANIN_BY_ISA(largest(cols, x));
  FANIN_BY_ISA(shifted_exponentials(cols, x, max, y));
  return {max, row_sum(cols, y)};
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
  each_row(rows, cols, [=](Index i) {
    const Shifted shifted = shifted_exp(cols, x + i * cols, y + i * cols);
    FANIN_BY_ISA(multiply(cols, 1 / shifted.sum, y + i * cols));
  });
}

void log_softmax_forward(Index rows, Index cols, const real* x, real* y) {
  each_row(rows, cols, [=](Index i) {
    Workspace<> exponentials(cols);
    const Shifted shifted = shifted_exp(cols, x + i * cols, exponentials.data());
    FANIN_BY_ISA(minus(cols, x + i * cols, shifted.max, std::log(shifted.sum), y + i * cols));
  });
}

void softmax_backward(Index rows, Index cols, const real* y, const real* grad_y, real* grad_x,
                      bool accumulate) {
  each_row(rows, cols, [=](Index i) {
    const real *p = y + i * cols, *g = grad_y + i * cols;
    FANIN_BY_ISA(softmax_gradient(cols, p, g, row_dot(cols, g, p), grad_x + i * cols, accumulate));
  });
}

void log_softmax_backward(Index rows, Index cols, const real* y, const real* grad_y, real* grad_x,
                          bool accumulate) {
  each_row(rows, cols, [=](Index i) {
    const real* g = grad_y + i * cols;
    FANIN_BY_ISA(
        log_softmax_gradient(cols, y + i * cols, g, row_sum(cols, g), grad_x + i * cols, accumulate));
  });
}

real cross_entropy_forward(Index rows, Index classes, const real* logits, const std::int32_t* labels,
                           const real* class_weights, real label_smoothing, real* probabilities) {
  const auto weight = [&](Index j) { return static_cast<double>(class_weights ? class_weights[j] : 1); };
  Workspace<double> losses(2 * rows);  // of each row: hard, smooth
  each_row(rows, classes, [&](Index i) {
    const real* z = logits + i * classes;
    real* p = probabilities + i * classes;
    double* loss = losses.data() + 2 * i;
    loss[0] = loss[1] = 0;
    if (labels[i] == ignored_label) {
      std::fill_n(p, classes, real(0));
      return;
    }
    const real label_logit = z[labels[i]];
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
    loss[0] = weight(labels[i]) * static_cast<double>(log_sum - (label_logit - shifted.max));
    loss[1] = weight_sum * static_cast<double>(log_sum + shifted.max) - weighted_logits;
    FANIN_BY_ISA(multiply(classes, 1 / shifted.sum, p));
  });
  double hard = 0, smooth = 0;  // summed in double: the mean of a large batch keeps its last digits
  for (Index i = 0; i < rows; ++i) hard += losses.data()[2 * i], smooth += losses.data()[2 * i + 1];
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

#endif
