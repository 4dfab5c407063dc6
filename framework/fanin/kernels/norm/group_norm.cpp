#include <algorithm>
#include <cmath>

#include <fanin/core/parallel.hpp>
#include <fanin/kernels/norm/group_norm.hpp>
#include <fanin/kernels/norm/normalize.hpp>
#include <fanin/kernels/reduce/reduce.hpp>

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

void group_norm_backward_data(const GroupShape& s, const real* x, const real* mean, const real* inverse_std,
                              const real* gamma, const real* grad_y, real* grad_x, bool accumulate) {
  parallel_for(s.rows(), [&](Index row) {
    // With u = (x - mean)/std and h = gamma·grad_y: grad_x = (h - mean(h) - u·mean(h·u)) / std.
    const Index size = s.row_size(), at = row * size, first = first_channel(s, row);
    const real m = mean[row], r = inverse_std[row];
    SumAndDot total{0, 0};
    if (!gamma) {
      total = sum_and_dot(size, grad_y + at, x + at, m);
    } else if (s.inner == 1) {
      total = weighted_sum_and_dot(size, gamma + first, grad_y + at, x + at, m);
    } else {
      for (Index j = 0; j < s.channels_per_group(); ++j) {
        const SumAndDot plane = sum_and_dot(s.inner, grad_y + at + j * s.inner, x + at + j * s.inner, m);
        total.sum += static_cast<double>(gamma[first + j]) * plane.sum;
        total.dot += static_cast<double>(gamma[first + j]) * plane.dot;
      }
    }
    const double inverse = static_cast<double>(r), scale = inverse / static_cast<double>(size);
    const real offset = static_cast<real>(scale * total.sum);
    const real slope = static_cast<real>(scale * inverse * inverse * total.dot);
    if (s.inner == 1) {
      return normalize_row_gradient(size, x + at, m, r, advanced(gamma, first), offset, slope, grad_y + at,
                                    grad_x + at, accumulate);
    }
    for (Index j = 0; j < s.channels_per_group(); ++j) {
      const real plane_scale = gamma ? r * gamma[first + j] : r;
      const Index plane = at + j * s.inner;
      normalize_gradient(s.inner, false, x + plane, &m, &plane_scale, &offset, &slope, grad_y + plane,
                         grad_x + plane, accumulate);
    }
  });
}

void group_norm_backward_affine(const GroupShape& s, const real* x, const real* mean, const real* inverse_std,
                                const real* grad_y, real* grad_gamma, bool acc_gamma, real* grad_beta,
                                bool acc_beta) {
  constexpr Index strip = 16;  // channels one thread gathers over the whole batch
  parallel_for((s.channels + strip - 1) / strip, [&](Index piece) {
    const Index first = piece * strip, width = std::min(strip, s.channels - first);
    double dots[strip] = {}, totals[strip] = {};
    for (Index n = 0; n < s.batch; ++n) {
      for (Index j = 0; j < width; ++j) {
        const Index c = first + j, row = n * s.groups + c / s.channels_per_group();
        const Index at = (n * s.channels + c) * s.inner;
        if (s.inner == 1) {
          totals[j] += static_cast<double>(grad_y[at]);
          dots[j] +=
              static_cast<double>(grad_y[at]) * static_cast<double>((x[at] - mean[row]) * inverse_std[row]);
          continue;
        }
        const SumAndDot plane = sum_and_dot(s.inner, grad_y + at, x + at, mean[row]);
        totals[j] += plane.sum;
        dots[j] += plane.dot * static_cast<double>(inverse_std[row]);
      }
    }
    for (Index j = 0; j < width; ++j) {
      const Index c = first + j;
      if (grad_gamma) {
        grad_gamma[c] = static_cast<real>(dots[j] + (acc_gamma ? static_cast<double>(grad_gamma[c]) : 0.0));
      }
      if (grad_beta)
        grad_beta[c] = static_cast<real>(totals[j] + (acc_beta ? static_cast<double>(grad_beta[c]) : 0.0));
    }
  });
}

}  // namespace fanin::kernels
