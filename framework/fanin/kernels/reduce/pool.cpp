#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include <fanin/kernels/pieces.hpp>
#include <fanin/kernels/reduce/pool.hpp>

#define FANIN_KERNEL_SOURCE <fanin/kernels/reduce/pool.cpp>
#include <fanin/kernels/simd/for_each_isa.inl>

#ifdef FANIN_VECTOR_BYTES  // for each instruction set
#include <fanin/kernels/conv/window.inl>

// The pool everyone uses, 2×2 with stride 2 on an even width, without branches; the others take the general
// path.
#ifndef FANIN_DOUBLE
namespace {

/// `lanes` windows whose upper left corners are row[0], row[2], …; where = their argmax, counted from
/// `corner`.
FANIN_INLINE Vec max_of_windows(const real* row, Index width, IntVec corner, IntVec& where) {
  const Vec top_a = load(row), top_b = load(row + lanes), low_a = load(row + width),
            low_b = load(row + width + lanes);
  const int below = static_cast<int>(width);
  return max_of_window({every_second<0>(top_a, top_b), every_second<1>(top_a, top_b),
                        every_second<0>(low_a, low_b), every_second<1>(low_a, low_b)},
                       {corner, corner + 1, corner + below, corner + (below + 1)}, where);
}

}  // namespace

/// Planes of width `width`, even, one after another, each with out_h rows of windows.
void max_pool_2x2(Index planes, Index out_h, Index width, const real* x, real* y, std::int32_t* argmax) {
  const Index out_w = width / 2, rows = planes * out_h;
  const IntVec steps = 2 * lane_numbers();
  for (Index oy = 0; oy < rows; ++oy) {
    for (Index ox = 0; ox < out_w; ox += lanes) {
      const Index corner = 2 * oy * width + 2 * ox, out = oy * out_w + ox;
      const Index in_plane = corner - oy / out_h * 2 * out_h * width;
      IntVec where;
      // Past a row's end lie the next rows, to be overwritten in turn; only after the last is there nothing.
      if (corner + width + 2 * lanes <= 2 * rows * width && out + lanes <= rows * out_w) {
        store(y + out, max_of_windows(x + corner, width, steps + static_cast<int>(in_plane), where));
        if (argmax) std::memcpy(argmax + out, &where, sizeof where);
        continue;
      }
      const Index count = std::min<Index>(lanes, out_w - ox);
      real copy[4 * lanes] = {};
      std::copy_n(x + corner, 2 * count, copy);
      std::copy_n(x + corner + width, 2 * count, copy + 2 * lanes);
      const Vec best = max_of_windows(copy, 2 * lanes, steps, where);
      for (int l = 0; l < count; ++l) {
        y[out + l] = best[l];
        const Index offset = where[l] < 2 * lanes ? where[l] : where[l] - 2 * lanes + width;
        if (argmax) argmax[out + l] = static_cast<std::int32_t>(in_plane + offset);
      }
    }
  }
}

void max_pool_2x2_backward(Index planes, Index out_h, Index width, const std::int32_t* argmax,
                           const real* grad_y, real* grad_x) {
  const Index out_w = width / 2, rows = planes * out_h;
  const IntVec steps = 2 * lane_numbers();
  for (Index oy = 0; oy < rows; ++oy) {
    const Index plane = oy / out_h * 2 * out_h * width;
    // A vector may run past its row into rows written later, but not past the last.
    const Index room = std::min((2 * (rows - oy) - 1) * width / 2, (rows - oy) * out_w);
    Index in_vectors = (out_w + lanes - 1) / lanes * lanes;
    if (in_vectors > room) in_vectors = out_w / lanes * lanes;
    for (const Index half : {0, 1}) {  // the upper row to its end, then the lower
      const int offset = static_cast<int>(half * width);
      for (Index ox = 0; ox < in_vectors; ox += lanes) {
        const Index corner = 2 * oy * width + 2 * ox;
        IntVec where;
        std::memcpy(&where, argmax + oy * out_w + ox, sizeof where);
        where -= steps + static_cast<int>(corner - plane);
        store_gradients(load(grad_y + oy * out_w + ox), where, offset, grad_x + corner + offset);
      }
    }
    for (Index ox = in_vectors; ox < out_w; ++ox) {
      real* corner = grad_x + 2 * oy * width + 2 * ox;
      corner[0] = corner[1] = corner[width] = corner[width + 1] = 0;
      grad_x[plane + argmax[oy * out_w + ox]] = grad_y[oy * out_w + ox];
    }
  }
}
#endif

#else  // once

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

#endif
