#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include <fanin/kernels/pieces.hpp>
#include <fanin/kernels/reduce/pool.hpp>

#define FANIN_KERNEL_SOURCE <fanin/kernels/reduce/pool.inl>
#include <fanin/kernels/simd/for_each_isa.inl>

namespace fanin::kernels {
namespace {

#ifndef FANIN_DOUBLE
constexpr Index planes_together = 32;
#endif

struct Window {
  Index top, bottom, left, right;  // clipped to the plane
};

Window window_of(const PoolShape& s, Index oy, Index ox) {
  const Index top = oy * s.stride_h - s.pad_h, left = ox * s.stride_w - s.pad_w;
  return {std::max<Index>(top, 0), std::min(top + s.kernel_h, s.height), std::max<Index>(left, 0),
          std::min(left + s.kernel_w, s.width)};
}

Window adaptive_window(Index height, Index width, Index out_h, Index out_w, Index oy, Index ox) {
  const auto below = [](Index o, Index in, Index out) { return o * in / out; };
  const auto above = [](Index o, Index in, Index out) { return ((o + 1) * in + out - 1) / out; };
  return {below(oy, height, out_h), above(oy, height, out_h), below(ox, width, out_w),
          above(ox, width, out_w)};
}

real sum(const Window& w, const real* x, Index width) {
  real total = 0;
  for (Index iy = w.top; iy < w.bottom; ++iy) {
    for (Index ix = w.left; ix < w.right; ++ix) total += x[iy * width + ix];
  }
  return total;
}

void add(const Window& w, real value, real* x, Index width) {
  for (Index iy = w.top; iy < w.bottom; ++iy) {
    for (Index ix = w.left; ix < w.right; ++ix) x[iy * width + ix] += value;
  }
}

#ifndef FANIN_DOUBLE
/// Windows of 2×2 that tile the plane.
bool is_2x2(const PoolShape& s) {
  return s.kernel_h == 2 && s.kernel_w == 2 && s.stride_h == 2 && s.stride_w == 2 && s.pad_h == 0 &&
         s.pad_w == 0 && s.height % 2 == 0 && s.width % 2 == 0;
}
#endif

}  // namespace

void max_pool_forward(const PoolShape& s, const real* x, real* y, std::int32_t* argmax) {
  const Index oh = s.out_h(), ow = s.out_w();
#ifndef FANIN_DOUBLE
  if (is_2x2(s)) {
    each_piece(
        s.batch_channels,
        [&](Index first, Index count) {
          const Index out = first * oh * ow;
          FANIN_BY_ISA(max_pool_2x2(count, oh, s.width, x + first * s.height * s.width, y + out,
                                    argmax ? argmax + out : nullptr));
        },
        planes_together);
    return;
  }
#endif
  parallel_for(s.batch_channels, [&](Index plane) {
    const real* in = x + plane * s.height * s.width;
    for (Index oy = 0; oy < oh; ++oy) {
      for (Index ox = 0; ox < ow; ++ox) {
        const Window w = window_of(s, oy, ox);
        real best = -std::numeric_limits<real>::infinity();
        Index where = w.top * s.width + w.left;
        for (Index iy = w.top; iy < w.bottom; ++iy) {
          for (Index ix = w.left; ix < w.right; ++ix) {
            const real value = in[iy * s.width + ix];
            if (value > best || std::isnan(value)) {
              best = value;
              where = iy * s.width + ix;
            }
          }
        }
        const Index out = (plane * oh + oy) * ow + ox;
        y[out] = best;
        if (argmax) argmax[out] = static_cast<std::int32_t>(where);
      }
    }
  });
}

void max_pool_backward(const PoolShape& s, const std::int32_t* argmax, const real* grad_y, real* grad_x) {
  const Index out = s.out_h() * s.out_w(), in = s.height * s.width;
#ifndef FANIN_DOUBLE
  if (is_2x2(s)) {
    each_piece(
        s.batch_channels,
        [&](Index first, Index count) {
          FANIN_BY_ISA(max_pool_2x2_backward(count, s.out_h(), s.width, argmax + first * out,
                                             grad_y + first * out, grad_x + first * in));
        },
        planes_together);
    return;
  }
#endif
  parallel_for(s.batch_channels, [&](Index plane) {
    std::fill_n(grad_x + plane * in, in, real(0));
    for (Index i = plane * out; i < (plane + 1) * out; ++i) grad_x[plane * in + argmax[i]] += grad_y[i];
  });
}

void avg_pool_forward(const PoolShape& s, const real* x, real* y) {
  const Index oh = s.out_h(), ow = s.out_w();
  const real area = static_cast<real>(s.kernel_h * s.kernel_w);
  parallel_for(s.batch_channels, [&](Index plane) {
    for (Index oy = 0; oy < oh; ++oy) {
      for (Index ox = 0; ox < ow; ++ox) {
        y[(plane * oh + oy) * ow + ox] =
            sum(window_of(s, oy, ox), x + plane * s.height * s.width, s.width) / area;
      }
    }
  });
}

void avg_pool_backward(const PoolShape& s, const real* grad_y, real* grad_x) {
  const Index oh = s.out_h(), ow = s.out_w(), in = s.height * s.width;
  const real area = static_cast<real>(s.kernel_h * s.kernel_w);
  parallel_for(s.batch_channels, [&](Index plane) {
    std::fill_n(grad_x + plane * in, in, real(0));
    for (Index oy = 0; oy < oh; ++oy) {
      for (Index ox = 0; ox < ow; ++ox) {
        add(window_of(s, oy, ox), grad_y[(plane * oh + oy) * ow + ox] / area, grad_x + plane * in, s.width);
      }
    }
  });
}

void adaptive_avg_pool_forward(Index batch_channels, Index height, Index width, Index out_h, Index out_w,
                               const real* x, real* y) {
  parallel_for(batch_channels, [&](Index plane) {
    for (Index oy = 0; oy < out_h; ++oy) {
      for (Index ox = 0; ox < out_w; ++ox) {
        const Window w = adaptive_window(height, width, out_h, out_w, oy, ox);
        const real area = static_cast<real>((w.bottom - w.top) * (w.right - w.left));
        y[(plane * out_h + oy) * out_w + ox] = sum(w, x + plane * height * width, width) / area;
      }
    }
  });
}

void adaptive_avg_pool_backward(Index batch_channels, Index height, Index width, Index out_h, Index out_w,
                                const real* grad_y, real* grad_x) {
  parallel_for(batch_channels, [&](Index plane) {
    real* in = grad_x + plane * height * width;
    std::fill_n(in, height * width, real(0));
    for (Index oy = 0; oy < out_h; ++oy) {
      for (Index ox = 0; ox < out_w; ++ox) {
        const Window w = adaptive_window(height, width, out_h, out_w, oy, ox);
        const real area = static_cast<real>((w.bottom - w.top) * (w.right - w.left));
        add(w, grad_y[(plane * out_h + oy) * out_w + ox] / area, in, width);
      }
    }
  });
}

}  // namespace fanin::kernels
