#include <algorithm>
#include <cmath>

#include <fanin/core/parallel.hpp>
#include <fanin/kernels/norm/group_norm.hpp>
#include <fanin/kernels/norm/normalize.hpp>
#include <fanin/kernels/reduce/reduce.hpp>
#include <fanin/kernels/workspace.hpp>

namespace fanin::kernels {
namespace {

Index first_channel(const GroupShape& s, Index row) { return row % s.groups * s.channels_per_group(); }

const real* advanced(const real* values, Index by) { return values ? values + by : nullptr; }

}  // namespace

void group_norm_forward(const GroupShape& s, const real* x, const real* gamma, const real* beta, real eps,
                        real* y, real* mean, real* inverse_std) {
  const Index size = s.row_size();
  parallel_for(s.rows(), [&](Index row) {
    const Index at = row * size, first = first_channel(s, row);
    const double count = static_cast<double>(size);
    const real m = mean[row] = static_cast<real>(sum(size, x + at) / count);
    const double variance = sum_of_squares(size, x + at, m) / count;
    const real r = inverse_std[row] = static_cast<real>(1 / std::sqrt(variance + static_cast<double>(eps)));
    if (s.inner == 1)
      return normalize_row(size, x + at, m, r, advanced(gamma, first), advanced(beta, first), y + at);
    for (Index j = 0; j < s.channels_per_group(); ++j) {
      const real scale = gamma ? r * gamma[first + j] : r, shift = beta ? beta[first + j] : 0;
      const Index plane = at + j * s.inner;
      normalize(s.inner, false, x + plane, &m, &scale, &shift, y + plane);
    }
  });
}

namespace {

real added_to(const real* there, bool accumulate, double value) {
  return static_cast<real>(value + (accumulate ? static_cast<double>(*there) : 0.0));
}

/// With u = (x - mean)/std and h = gamma·grad_y: grad_x = (h - mean(h) - u·mean(h·u)) / std, where `total` holds the sums
/// of h and of h·(x - mean).
struct RowSlopes {
  real offset, slope;

  RowSlopes(const SumAndDot& total, Index size, real inverse_std) {
    const double inverse = static_cast<double>(inverse_std), scale = inverse / static_cast<double>(size);
    offset = static_cast<real>(scale * total.sum);
    slope = static_cast<real>(scale * inverse * inverse * total.dot);
  }
};

/// Rows whose every element has a gamma of its own (layer normalization).
void rows_backward(const GroupShape& s, const real* x, const real* mean, const real* inverse_std,
                   const real* gamma, const real* grad_y, const NormGradients& grads) {
  if (grads.x) {
    parallel_for(s.rows(), [&](Index row) {
      const Index size = s.row_size(), at = row * size, first = first_channel(s, row);
      const SumAndDot total = gamma
                                  ? weighted_sum_and_dot(size, gamma + first, grad_y + at, x + at, mean[row])
                                  : sum_and_dot(size, grad_y + at, x + at, mean[row]);
      const RowSlopes by(total, size, inverse_std[row]);
      normalize_row_gradient(size, x + at, mean[row], inverse_std[row], advanced(gamma, first), by.offset,
                             by.slope, grad_y + at, grads.x + at, grads.accumulate_x);
    });
  }
  if (!grads.gamma && !grads.beta) return;
  constexpr Index strip = 16;  // channels one thread gathers over the whole batch
  parallel_for((s.channels + strip - 1) / strip, [&](Index piece) {
    const Index first = piece * strip, width = std::min(strip, s.channels - first);
    double dots[strip] = {}, sums[strip] = {};
    for (Index n = 0; n < s.batch; ++n) {
      for (Index j = 0; j < width; ++j) {
        const Index c = first + j, row = n * s.groups + c / s.channels_per_group(), at = n * s.channels + c;
        const double g = static_cast<double>(grad_y[at]);
        sums[j] += g;
        dots[j] += g * static_cast<double>((x[at] - mean[row]) * inverse_std[row]);
      }
    }
    for (Index j = 0; j < width; ++j) {
      const Index c = first + j;
      if (grads.gamma) grads.gamma[c] = added_to(grads.gamma + c, grads.accumulate_gamma, dots[j]);
      if (grads.beta) grads.beta[c] = added_to(grads.beta + c, grads.accumulate_beta, sums[j]);
    }
  });
}

/// Rows of planes, a gamma for each: what is summed of a plane serves x's gradient and gamma's.
void planes_backward(const GroupShape& s, const real* x, const real* mean, const real* inverse_std,
                     const real* gamma, const real* grad_y, const NormGradients& grads) {
  Workspace<SumAndDot> space(s.batch * s.channels);
  SumAndDot* sums = space.data();
  parallel_for(s.rows(), [&](Index row) {
    const Index first = first_channel(s, row), planes = row * s.channels_per_group();
    const real m = mean[row], r = inverse_std[row];
    SumAndDot total{0, 0};
    for (Index j = 0; j < s.channels_per_group(); ++j) {
      const Index plane = planes + j, at = plane * s.inner;
      sums[plane] = sum_and_dot(s.inner, grad_y + at, x + at, m);
      const double weight = gamma ? static_cast<double>(gamma[first + j]) : 1.0;
      total.sum += weight * sums[plane].sum;
      total.dot += weight * sums[plane].dot;
    }
    if (!grads.x) return;
    const RowSlopes by(total, s.row_size(), r);
    for (Index j = 0; j < s.channels_per_group(); ++j) {
      const real scale = gamma ? r * gamma[first + j] : r;
      const Index at = (planes + j) * s.inner;
      normalize_gradient(s.inner, false, x + at, &m, &scale, &by.offset, &by.slope, grad_y + at, grads.x + at,
                         grads.accumulate_x);
    }
  });
  for (Index c = 0; c < s.channels && (grads.gamma || grads.beta); ++c) {
    SumAndDot total{0, 0};
    for (Index n = 0; n < s.batch; ++n) {
      const SumAndDot& plane = sums[n * s.channels + c];
      total.sum += plane.sum;
      total.dot += plane.dot * static_cast<double>(inverse_std[n * s.groups + c / s.channels_per_group()]);
    }
    if (grads.gamma) grads.gamma[c] = added_to(grads.gamma + c, grads.accumulate_gamma, total.dot);
    if (grads.beta) grads.beta[c] = added_to(grads.beta + c, grads.accumulate_beta, total.sum);
  }
}

}  // namespace

void group_norm_backward(const GroupShape& s, const real* x, const real* mean, const real* inverse_std,
                         const real* gamma, const real* grad_y, const NormGradients& grads) {
  (s.inner == 1 ? rows_backward : planes_backward)(s, x, mean, inverse_std, gamma, grad_y, grads);
}

}  // namespace fanin::kernels
