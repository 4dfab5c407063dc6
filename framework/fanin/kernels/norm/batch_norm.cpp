#include <algorithm>
#include <cmath>

#include <fanin/core/memory.hpp>
#include <fanin/core/parallel.hpp>
#include <fanin/kernels/norm/batch_norm.hpp>
#include <fanin/kernels/norm/normalize.hpp>
#include <fanin/kernels/reduce/reduce.hpp>

namespace fanin::kernels {
namespace {

/// Sums over the batch are taken by strips of channels that one thread handles alone: one channel at a time
/// where its elements lie together, a cache line of them where they are columns (inner = 1).
constexpr Index strip_width = 16;

/// Calls f(first, count) for each strip.
template <class F>
void each_strip(const ChannelShape& s, F f) {
  const Index width = s.inner == 1 ? strip_width : 1;
  parallel_for((s.channels + width - 1) / width,
               [&](Index piece) { f(piece * width, std::min(width, s.channels - piece * width)); });
}

/// Calls normalize-like f(each, n, offset of the elements, first channel) until every element is done.
template <class F>
void each_run(const ChannelShape& s, F f) {
  parallel_for(s.batch, [&](Index n) {
    const Index image = n * s.channels * s.inner;
    if (s.inner == 1) return f(true, s.channels, image, Index{0});
    for (Index c = 0; c < s.channels; ++c) f(false, s.inner, image + c * s.inner, c);
  });
}

double inverse_std(real variance, real eps) {
  return 1 / std::sqrt(static_cast<double>(variance) + static_cast<double>(eps));
}

double value_or(const real* values, Index i, double otherwise) {
  return values ? static_cast<double>(values[i]) : otherwise;
}

void write(real* out, bool accumulate, Index i, double value) {
  if (out) out[i] = static_cast<real>(accumulate ? static_cast<double>(out[i]) + value : value);
}

using Values = PoolVector<real>;

}  // namespace

void channel_moments(const ChannelShape& s, const real* x, real* mean, real* variance) {
  const double count = static_cast<double>(s.per_channel());
  each_strip(s, [&](Index first, Index width) {
    double total[strip_width] = {}, squares[strip_width] = {};
    for (Index n = 0; n < s.batch; ++n) {
      const real* at = x + (n * s.channels + first) * s.inner;
      if (s.inner > 1) total[0] += sum(s.inner, at);
      for (Index j = 0; s.inner == 1 && j < width; ++j) total[j] += static_cast<double>(at[j]);
    }
    for (Index j = 0; j < width; ++j) mean[first + j] = static_cast<real>(total[j] / count);
    for (Index n = 0; n < s.batch; ++n) {
      const real* at = x + (n * s.channels + first) * s.inner;
      if (s.inner > 1) squares[0] += sum_of_squares(s.inner, at, mean[first]);
      for (Index j = 0; s.inner == 1 && j < width; ++j) {
        const double d = static_cast<double>(at[j]) - static_cast<double>(mean[first + j]);
        squares[j] += d * d;
      }
    }
    for (Index j = 0; j < width; ++j) variance[first + j] = static_cast<real>(squares[j] / count);
  });
}

void batch_norm_forward(const ChannelShape& s, const real* x, const real* mean, const real* variance,
                        const real* gamma, const real* beta, real eps, real* y) {
  const auto channels = static_cast<std::size_t>(s.channels);
  Values scale(channels), shift(channels);
  for (Index c = 0; c < s.channels; ++c) {
    const auto i = static_cast<std::size_t>(c);
    scale[i] = static_cast<real>(inverse_std(variance[c], eps) * value_or(gamma, c, 1));
    shift[i] = static_cast<real>(value_or(beta, c, 0));
  }
  each_run(s, [&](bool each, Index n, Index at, Index c) {
    normalize(n, each, x + at, mean + c, scale.data() + c, shift.data() + c, y + at);
  });
}

void move_towards(Index channels, double momentum, double scale, const real* batch, real* running) {
  for (Index c = 0; c < channels; ++c) {
    running[c] = static_cast<real>((1 - momentum) * static_cast<double>(running[c]) +
                                   momentum * scale * static_cast<double>(batch[c]));
  }
}

void batch_norm_sums(const ChannelShape& s, const real* x, const real* mean, const real* grad_y,
                     double* sums) {
  each_strip(s, [&](Index first, Index width) {
    double total[strip_width] = {}, dot[strip_width] = {};
    for (Index n = 0; n < s.batch; ++n) {
      const Index at = (n * s.channels + first) * s.inner;
      if (s.inner > 1) {
        const SumAndDot of_plane = sum_and_dot(s.inner, grad_y + at, x + at, mean[first]);
        total[0] += of_plane.sum;
        dot[0] += of_plane.dot;
        continue;
      }
      for (Index j = 0; j < width; ++j) {
        const double g = static_cast<double>(grad_y[at + j]);
        total[j] += g;
        dot[j] += g * (static_cast<double>(x[at + j]) - static_cast<double>(mean[first + j]));
      }
    }
    std::copy_n(total, width, sums + first);
    std::copy_n(dot, width, sums + s.channels + first);
  });
}

void batch_norm_backward_affine(Index channels, const real* variance, real eps, const double* sums,
                                const AffineGradients& out) {
  for (Index c = 0; c < channels; ++c) {
    write(out.gamma, out.accumulate_gamma, c, sums[channels + c] * inverse_std(variance[c], eps));
    write(out.beta, out.accumulate_beta, c, sums[c]);
  }
}

void batch_norm_backward_data(const ChannelShape& s, const real* x, const real* mean, const real* variance,
                              const real* gamma, real eps, const double* sums, double count,
                              const real* grad_y, real* grad_x, bool accumulate) {
  // With u = (x - mean)/std: grad_x = gamma/std · (g - Σg/count - u · Σ(g·u)/count), the last two only through
  // the statistics.
  const auto channels = static_cast<std::size_t>(s.channels);
  Values scale(channels), offset(channels), slope(channels);
  for (Index c = 0; c < s.channels; ++c) {
    const auto i = static_cast<std::size_t>(c);
    const double inverse = inverse_std(variance[c], eps), a = inverse * value_or(gamma, c, 1);
    scale[i] = static_cast<real>(a);
    offset[i] = static_cast<real>(sums != nullptr ? a * sums[c] / count : 0);
    slope[i] = static_cast<real>(sums != nullptr ? a * inverse * inverse * sums[s.channels + c] / count : 0);
  }
  each_run(s, [&](bool each, Index n, Index at, Index c) {
    normalize_gradient(n, each, x + at, mean + c, scale.data() + c, offset.data() + c, slope.data() + c,
                       grad_y + at, grad_x + at, accumulate);
  });
}

}  // namespace fanin::kernels
