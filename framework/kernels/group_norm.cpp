#include "framework/kernels/group_norm.hpp"

#include <algorithm>
#include <cmath>

#include "framework/core/parallel.hpp"
#include "framework/kernels/reduce.hpp"

namespace fanin::kernels {
namespace {

/// Calls f(i, c) for every element i of row `row`, c its channel.
template <class F>
void each_element(const GroupShape& s, Index row, F f) {
  const Index first = row % s.groups * s.channels_per_group(), at = row * s.row_size();
  if (s.inner == 1) {
    for (Index j = 0; j < s.row_size(); ++j) f(at + j, first + j);
    return;
  }
  for (Index j = 0; j < s.channels_per_group(); ++j) {
    for (Index i = 0; i < s.inner; ++i) f(at + j * s.inner + i, first + j);
  }
}

}  // namespace

void group_norm_forward(const GroupShape& s, const real* x, const real* gamma, const real* beta, real eps,
                        real* y, real* mean, real* inverse_std) {
  const Index size = s.row_size();
  parallel_for(s.rows(), [&](Index row) {
    const double count = static_cast<double>(size);
    const real m = mean[row] = static_cast<real>(sum(size, x + row * size) / count);
    const double variance = sum_of_squares(size, x + row * size, m) / count;
    const real r = inverse_std[row] = static_cast<real>(1 / std::sqrt(variance + static_cast<double>(eps)));
    each_element(s, row, [&](Index i, Index c) {
      const real u = (x[i] - m) * r;
      y[i] = (gamma ? u * gamma[c] : u) + (beta ? beta[c] : 0);
    });
  });
}

void group_norm_backward_data(const GroupShape& s, const real* x, const real* mean, const real* inverse_std,
                              const real* gamma, const real* grad_y, real* grad_x, bool accumulate) {
  parallel_for(s.rows(), [&](Index row) {
    // With u = (x - mean)/std and h = gamma·grad_y: grad_x = (h - mean(h) - u·mean(h·u)) / std.
    const real m = mean[row], r = inverse_std[row];
    double total = 0, dot = 0;
    if (gamma && s.inner == 1) {
      each_element(s, row, [&](Index i, Index c) {
        const double h = static_cast<double>(grad_y[i]) * static_cast<double>(gamma[c]);
        total += h;
        dot += h * static_cast<double>(x[i] - m);
      });
    } else {
      const Index run = gamma ? s.inner : s.row_size();  // one gamma for a whole run
      const Index first = row % s.groups * s.channels_per_group();
      for (Index j = 0; j * run < s.row_size(); ++j) {
        const Index at = row * s.row_size() + j * run;
        const double weight = gamma ? static_cast<double>(gamma[first + j]) : 1.0;
        total += weight * sum(run, grad_y + at);
        dot += weight * centered_dot(run, grad_y + at, x + at, m);
      }
    }
    const double count = static_cast<double>(s.row_size()), inverse = static_cast<double>(r);
    const real offset = static_cast<real>(total / count),
               slope = static_cast<real>(dot * inverse * inverse / count);
    each_element(s, row, [&](Index i, Index c) {
      const real h = gamma ? grad_y[i] * gamma[c] : grad_y[i];
      const real g = r * (h - offset - (x[i] - m) * slope);
      grad_x[i] = accumulate ? grad_x[i] + g : g;
    });
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
        } else {
          totals[j] += sum(s.inner, grad_y + at);
          dots[j] +=
              centered_dot(s.inner, grad_y + at, x + at, mean[row]) * static_cast<double>(inverse_std[row]);
        }
      }
    }
    for (Index j = 0; j < width; ++j) {
      const Index c = first + j;
      if (grad_gamma)
        grad_gamma[c] = static_cast<real>(dots[j] + (acc_gamma ? static_cast<double>(grad_gamma[c]) : 0.0));
      if (grad_beta)
        grad_beta[c] = static_cast<real>(totals[j] + (acc_beta ? static_cast<double>(grad_beta[c]) : 0.0));
    }
  });
}

}  // namespace fanin::kernels
