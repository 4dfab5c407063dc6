#include "framework/kernels/batch_norm.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "framework/core/parallel.hpp"
#include "framework/kernels/reduce.hpp"

namespace fanin::kernels {
namespace {

/// Channels are taken in strips that one thread handles alone: one channel at a time where its elements lie
/// together, a cache line of them where they are columns (inner = 1).
constexpr Index strip_width = 16;
using Strip = std::array<double, strip_width>;

struct StripRange {
  Index first, count;
};

template <class F>
void each_strip(const ChannelShape& s, F f) {
  const Index width = s.inner == 1 ? strip_width : 1;
  parallel_for((s.channels + width - 1) / width, [&](Index piece) {
    f(StripRange{piece * width, std::min(width, s.channels - piece * width)});
  });
}

/// Sums over a strip's elements: by plane(offset) where inner > 1, else by element(offset, channel in strip).
template <class Plane, class Element>
Strip strip_sums(const ChannelShape& s, StripRange strip, Plane plane, Element element) {
  Strip total{};
  for (Index n = 0; n < s.batch; ++n) {
    const Index at = (n * s.channels + strip.first) * s.inner;
    if (s.inner > 1) {
      total[0] += plane(at);
    } else {
      for (Index j = 0; j < strip.count; ++j)
        total[static_cast<std::size_t>(j)] += element(at + j, strip.first + j);
    }
  }
  return total;
}

/// out[i] = f(i, channel) for every element of a strip.
template <class F>
void each_element(const ChannelShape& s, StripRange strip, F f) {
  for (Index n = 0; n < s.batch; ++n) {
    const Index at = (n * s.channels + strip.first) * s.inner;
    if (s.inner > 1) {
      for (Index i = at; i < at + s.inner; ++i) f(i, 0);
    } else {
      for (Index j = 0; j < strip.count; ++j) f(at + j, j);
    }
  }
}

struct Line {
  std::array<real, strip_width> values{};
  real& operator[](Index i) { return values[static_cast<std::size_t>(i)]; }
  real operator[](Index i) const { return values[static_cast<std::size_t>(i)]; }
};

double inverse_std(real variance, real eps) {
  return 1 / std::sqrt(static_cast<double>(variance) + static_cast<double>(eps));
}

void put(real* out, bool accumulate, Index i, double value) {
  if (out) out[i] = static_cast<real>(accumulate ? static_cast<double>(out[i]) + value : value);
}

}  // namespace

void channel_moments(const ChannelShape& s, const real* x, real* mean, real* variance) {
  const double count = static_cast<double>(s.per_channel());
  each_strip(s, [&](StripRange strip) {
    const Strip sums = strip_sums(
        s, strip, [&](Index at) { return sum(s.inner, x + at); },
        [&](Index i, Index) { return static_cast<double>(x[i]); });
    for (Index j = 0; j < strip.count; ++j) {
      mean[strip.first + j] = static_cast<real>(sums[static_cast<std::size_t>(j)] / count);
    }
    const Strip squares = strip_sums(
        s, strip, [&](Index at) { return sum_of_squares(s.inner, x + at, mean[strip.first]); },
        [&](Index i, Index c) {
          const double d = static_cast<double>(x[i] - mean[c]);
          return d * d;
        });
    for (Index j = 0; j < strip.count; ++j) {
      variance[strip.first + j] = static_cast<real>(squares[static_cast<std::size_t>(j)] / count);
    }
  });
}

void batch_norm_forward(const ChannelShape& s, const real* x, const real* mean, const real* variance,
                        const real* gamma, const real* beta, real eps, real* y) {
  each_strip(s, [&](StripRange strip) {
    Line scale, center, shift;
    for (Index j = 0; j < strip.count; ++j) {
      const Index c = strip.first + j;
      scale[j] =
          static_cast<real>(inverse_std(variance[c], eps) * (gamma ? static_cast<double>(gamma[c]) : 1.0));
      center[j] = mean[c];
      shift[j] = beta ? beta[c] : 0;
    }
    each_element(s, strip, [&](Index i, Index j) { y[i] = (x[i] - center[j]) * scale[j] + shift[j]; });
  });
}

void move_towards(Index channels, double momentum, double scale, const real* batch, real* running) {
  for (Index c = 0; c < channels; ++c) {
    running[c] = static_cast<real>((1 - momentum) * static_cast<double>(running[c]) +
                                   momentum * scale * static_cast<double>(batch[c]));
  }
}

void batch_norm_backward(const ChannelShape& s, const real* x, const real* mean, const real* variance,
                         const real* gamma, real eps, bool batch_statistics, const real* grad_y,
                         const BatchNormGradients& out) {
  const double count = static_cast<double>(s.per_channel());
  each_strip(s, [&](StripRange strip) {
    // With u = (x - mean)/std: grad_beta = sum g, grad_gamma = sum g·u,
    // grad_x = gamma/std · (g - grad_beta/count - u · grad_gamma/count), the last two only through the
    // statistics.
    const Strip sums = strip_sums(
        s, strip, [&](Index at) { return sum(s.inner, grad_y + at); },
        [&](Index i, Index) { return static_cast<double>(grad_y[i]); });
    const Strip dots = strip_sums(
        s, strip, [&](Index at) { return centered_dot(s.inner, grad_y + at, x + at, mean[strip.first]); },
        [&](Index i, Index c) {
          return static_cast<double>(grad_y[i]) * static_cast<double>(x[i] - mean[c]);
        });
    Line scale, center, slope, offset;
    for (Index j = 0; j < strip.count; ++j) {
      const Index c = strip.first + j;
      const double inverse = inverse_std(variance[c], eps), total = sums[static_cast<std::size_t>(j)];
      const double dot = dots[static_cast<std::size_t>(j)] * inverse;
      put(out.gamma, out.accumulate_gamma, c, dot);
      put(out.beta, out.accumulate_beta, c, total);
      scale[j] = static_cast<real>(inverse * (gamma ? static_cast<double>(gamma[c]) : 1.0));
      center[j] = mean[c];
      if (batch_statistics) {
        slope[j] = static_cast<real>(inverse * dot / count);
        offset[j] = static_cast<real>(total / count);
      }
    }
    if (!out.x) return;
    each_element(s, strip, [&](Index i, Index j) {
      const real g = scale[j] * (grad_y[i] - offset[j] - (x[i] - center[j]) * slope[j]);
      out.x[i] = out.accumulate_x ? out.x[i] + g : g;
    });
  });
}

}  // namespace fanin::kernels
