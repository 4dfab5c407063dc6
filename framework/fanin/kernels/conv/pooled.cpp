#include <algorithm>

#include <fanin/kernels/conv/pooled.hpp>
#include <fanin/kernels/workspace.hpp>

#define FANIN_KERNEL_SOURCE <fanin/kernels/conv/pooled.cpp>
#include <fanin/kernels/simd/for_each_isa.inl>

#ifdef FANIN_VECTOR_BYTES  // for each instruction set
#include <fanin/kernels/conv/window.inl>
#include <fanin/kernels/simd/bytes.inl>

// A convolution's planes behind ReLU and a 2×2 max pool, without ever being in memory whole: the pool reads
// the correlation's grid, and its gradient is spread straight into the planes that the backward correlations
// read.
namespace {

FANIN_INLINE IntVec load_bytes(const std::uint8_t* p, Index n) {
  Bytes bytes{};
  if (n == lanes) {
    __builtin_memcpy(&bytes, p, sizeof bytes);
  } else {
#if FANIN_VECTOR_BYTES == 64 && !defined(FANIN_DOUBLE)
    bytes = reinterpret_cast<Bytes>(_mm_maskz_loadu_epi8(static_cast<__mmask16>((1u << n) - 1), p));
#else
    for (Index i = 0; i < n; ++i) bytes[i] = p[i];
#endif
  }
  return widened(bytes);
}

FANIN_INLINE void store_bytes(std::uint8_t* p, Index n, IntVec v) {
  const Bytes bytes = narrowed(v);
  if (n == lanes) {
    __builtin_memcpy(p, &bytes, sizeof bytes);
  } else {
#if FANIN_VECTOR_BYTES == 64 && !defined(FANIN_DOUBLE)
    _mm_mask_storeu_epi8(p, static_cast<__mmask16>((1u << n) - 1), reinterpret_cast<__m128i>(bytes));
#else
    for (Index i = 0; i < n; ++i) p[i] = bytes[i];
#endif
  }
}

}  // namespace

void pool_grid(const Grid& from, Index w, real bias, real* y, std::uint8_t* chosen) {
  const Vec shift = broadcast(bias);
  const Index out_w = w / 2, size = from.rows / 2 * out_w, pitch = from.pitch;
  const real* grid = from.data;
  for (Index row = 0; row < size; row += out_w, grid += 2 * pitch) {
    for (Index x = 0; x < out_w; x += lanes) {
      const real* top = grid + 2 * x;
      const Vec top_a = load(top) + shift, top_b = load(top + lanes) + shift,
                low_a = load(top + pitch) + shift, low_b = load(top + pitch + lanes) + shift;
      IntVec where;
      Vec best = max_of_window({every_second<0>(top_a, top_b), every_second<1>(top_a, top_b),
                                every_second<0>(low_a, low_b), every_second<1>(low_a, low_b)},
                               {IntVec{}, IntVec{} + 1, IntVec{} + 2, IntVec{} + 3}, where);
      where = best <= real(0) ? IntVec{} + 4 : where;
      best = best < real(0) ? Vec{} : best;
      // Past a row's end lie the next rows, written in turn; past the plane's lies what another thread may
      // write.
      const Index at = row + x, room = std::min<Index>(lanes, size - at);
      if (room == lanes)
        store(y + at, best);
      else
        store_first(y + at, room, best);
      if (chosen) store_bytes(chosen + at, room, where);
    }
  }
}

/// The gradient before pool and ReLU of one plane: packed[h, w] at `pitch`, zero but at each window's chosen
/// pixel, and zeros in the spare columns. May write 2·lanes further than the plane.
void spread_gradient(Index h, Index w, Index pitch, const real* pooled, const std::uint8_t* chosen,
                     real* packed) {
  const Index out_w = w / 2, size = h / 2 * out_w, vectors = (out_w + lanes - 1) / lanes;
  const IntVec lane = lane_numbers();
  const auto spread = [=](Index row, Index x, auto use) FANIN_LAMBDA {
    // Past a row's end lie the next rows, of which nothing is taken; past the plane's may lie nothing.
    const Index at = row + x, readable = std::min<Index>(lanes, size - at);
    const Vec g = readable == lanes ? load(pooled + at) : load_first(pooled + at, readable);
    IntVec where = load_bytes(chosen + at, readable);
    if (out_w - x < lanes) where = lane < static_cast<int>(out_w - x) ? where : IntVec{} + 4;
    use(g, where);
  };
  const auto zero_spare = [=](real* to) FANIN_LAMBDA {
    for (Index x = vectors * 2 * lanes; x < pitch; x += lanes) store(to + x, Vec{});
  };
  // What is written past the end of the upper row must not come after the lower row's beginning.
  const bool both_at_once = vectors == 1 || vectors * 2 * lanes <= pitch;
  for (Index row = 0; row < size; row += out_w, packed += 2 * pitch) {
    real *upper = packed, *lower = packed + pitch;
    if (both_at_once) {
      zero_spare(upper);
      for (Index x = 0; x < out_w; x += lanes) {
        spread(row, x, [&](Vec g, IntVec where) FANIN_LAMBDA {
          store_gradients(g, where, 0, upper + 2 * x);
          store_gradients(g, where, 2, lower + 2 * x);
        });
      }
      zero_spare(lower);
      continue;
    }
    for (const int first : {0, 2}) {
      real* to = first == 0 ? upper : lower;
      for (Index x = 0; x < out_w; x += lanes) {
        spread(row, x,
               [&](Vec g, IntVec where) FANIN_LAMBDA { store_gradients(g, where, first, to + 2 * x); });
      }
      zero_spare(to);
    }
  }
}

#else  // once

namespace fanin::kernels {
namespace {

void spread_gradient(Index h, Index w, Index pitch, const real* pooled, const std::uint8_t* chosen,
                     real* plane) {
  FANIN_BY_ISA(spread_gradient(h, w, pitch, pooled, chosen, plane));
}

}  // namespace

void pool_grid(const Grid& grid, Index width, real bias, real* y, std::uint8_t* chosen) {
  FANIN_BY_ISA(pool_grid(grid, width, bias, y, chosen));
}

void pack_gradient(const PackedPlane& p, const OutputGradient& gradient, Index plane, real* packed) {
  const Index size = p.height * p.width / (gradient.chosen ? 4 : 1);
  const real* from = gradient.data + plane * size;
  if (!gradient.chosen) {
    pack_plane(p, from, packed);
    return;
  }
  const std::uint8_t* chosen = gradient.chosen + plane * size;
  const Index top = -p.first_h, left = -p.first_w, right = p.pitch - left - p.width;
  if (top < 0 || left < 0 || right < 0 || p.rows < top + p.height || p.step_h != 1 ||
      p.step_w != 1) {  // cropped
    Workspace<> dense(p.height * p.width + correlation_slack);
    spread_gradient(p.height, p.width, p.width, from, chosen, dense.data());
    pack_plane(p, dense.data(), packed);
    return;
  }
  // The spare columns that follow a row are its right border and the next row's left.
  std::fill_n(packed, top * p.pitch + left, real(0));
  real* first = packed + top * p.pitch + left;
  spread_gradient(p.height, p.width, p.pitch, from, chosen, first);
  std::fill(first + p.height * p.pitch - left, packed + p.size(), real(0));
}

const real* dense_gradient(const ConvShape& s, const OutputGradient& gradient, Index first, Index planes,
                           real* room) {
  const Index size = gradient.plane_size(s), out_size = s.out_h() * s.out_w();
  const real* from = gradient.data + first * size;
  if (!gradient.chosen) return from;
  for (Index i = 0; i < planes; ++i) {
    spread_gradient(s.out_h(), s.out_w(), s.out_w(), from + i * size, gradient.chosen + (first + i) * size,
                    room + i * out_size);
  }
  return room;
}

Index dense_gradient_room(const ConvShape& s, const OutputGradient& gradient, Index planes) {
  return gradient.chosen ? planes * s.out_h() * s.out_w() + correlation_slack : 0;
}

}  // namespace fanin::kernels

#endif
