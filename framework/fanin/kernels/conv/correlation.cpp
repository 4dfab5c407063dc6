#include <array>

#include <fanin/kernels/conv/correlation.hpp>

#define FANIN_KERNEL_SOURCE <fanin/kernels/conv/correlation.cpp>
#include <fanin/kernels/simd/for_each_isa.inl>

#ifdef FANIN_VECTOR_BYTES  // for each instruction set
#include <fanin/kernels/simd/tile.inl>

namespace {

// weights of a row block and sources of a panel together stay in the first-level cache
constexpr Index block_terms = 512;

/// B of the tile: term t is a run of pixels at base + offsets[t], read in place: no im2col matrix is ever
/// built.
struct Taps {
  const real* base;
  const Index* offset;
  template <int j>
  FANIN_INLINE Vec at() const {
    return load(base + *offset + j * lanes);
  }
  FANIN_INLINE void next() { ++offset; }
};

template <int rows, int width>
void correlate_tile(Index terms, const real* weights, Index stride, const real* source, const Index* offsets,
                    real* grid, Index grid_stride, bool accumulate) {
  tile<rows, width>(terms, RowMajor<rows>(weights, stride), Taps{source, offsets}, grid, grid_stride,
                    accumulate);
}

using CorrelateTile = void (*)(Index, const real*, Index, const real*, const Index*, real*, Index, bool);

template <int width, int limit>
constexpr auto correlate_tiles = []<int... r>(std::integer_sequence<int, r...>) {
  return std::array<CorrelateTile, limit>{correlate_tile<r + 1, width>...};
}
(std::make_integer_sequence<int, limit>{});

/// The row block [row, row + rows) over the whole grid, in panels of `widest` vectors and a narrower one at
/// the end.
template <int widest, int limit>
void correlate_block(const Correlation& c, const real* source, Index row, Index rows, real* grid,
                     Index grid_stride) {
  const Index length = c.length();
  const auto r = static_cast<std::size_t>(rows - 1);
  const EvenCut cut(c.terms, block_terms);
  for (Index piece = 0; piece < cut.blocks; ++piece) {
    const Index t = cut.begin(piece), terms = cut.size(piece);
    const real* weights = c.weights + row * c.terms + t;
    const auto panel = [&](CorrelateTile multiply, Index p) {
      multiply(terms, weights, c.terms, source + p, c.offsets + t, grid + p, grid_stride, t > 0);
    };
    Index p = 0;
    for (; length - p > (widest - 1) * lanes; p += widest * lanes)
      panel(correlate_tiles<widest, limit>[r], p);
    if constexpr (widest == 4) {
      for (; length - p > lanes; p += 2 * lanes) panel(correlate_tiles<2, limit>[r], p);
    }
    for (; p < length; p += lanes) panel(correlate_tiles<1, limit>[r], p);
  }
}

}  // namespace

Index correlation_row_limit(Index rows) { return rows <= max_rows<4> ? max_rows<4> : max_rows<2>; }

void correlate(const Correlation& c, const real* source, Index row, Index rows, real* grid,
               Index grid_stride) {
  if (c.rows <= max_rows<4>) {
    correlate_block<4, max_rows<4>>(c, source, row, rows, grid, grid_stride);
  } else {
    correlate_block<2, max_rows<2>>(c, source, row, rows, grid, grid_stride);
  }
}

#else  // once
namespace fanin::kernels {

void correlate(const Correlation& c, const real* source, Index row, Index rows, real* grid,
               Index grid_stride) {
  FANIN_BY_ISA(correlate(c, source, row, rows, grid, grid_stride));
}

Index correlation_row_limit(Index rows) { return FANIN_BY_ISA(correlation_row_limit(rows)); }

}  // namespace fanin::kernels

#endif
