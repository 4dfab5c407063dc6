#include "framework/kernels/tile.inl"

namespace {

constexpr Index block_terms =
    512;  // weights of a row block and sources of a panel together stay in the first-level cache

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

/// Copies n elements and possibly up to a vector more: the caller overwrites or ignores what follows.
FANIN_INLINE void copy_over(Index n, const real* from, real* to) {
  for (Index i = 0; i < n; i += lanes) store(to + i, load(from + i));
}
FANIN_INLINE void zero_over(Index n, real* to) {
  for (Index i = 0; i < n; i += lanes) store(to + i, Vec{});
}

}  // namespace

Index correlation_row_limit(Index rows) { return rows <= max_rows<4> ? max_rows<4> : max_rows<2>; }

/// Rows [row, row + rows) of the correlation into `grid`; rows must not exceed correlation_row_limit(c.rows).
void correlate(const Correlation& c, const real* source, Index row, Index rows, real* grid,
               Index grid_stride) {
  if (c.rows <= max_rows<4>) {
    correlate_block<4, max_rows<4>>(c, source, row, rows, grid, grid_stride);
  } else {
    correlate_block<2, max_rows<2>>(c, source, row, rows, grid, grid_stride);
  }
}

/// Packs one plane; may write up to a vector past its end. Planes are packed in increasing order, so that
/// heals itself.
void pack_plane(const PackedPlane& s, const real* plane, real* packed) {
  for (Index r = 0; r < s.rows; ++r, packed += s.pitch) {
    const Index y = r * s.step_h + s.first_h;
    if (y < 0 || y >= s.height) {
      zero_over(s.pitch, packed);
      continue;
    }
    const real* row = plane + y * s.width;
    if (s.step_w == 1) {
      const Index left = std::clamp<Index>(-s.first_w, 0, s.pitch);
      const Index from = std::max<Index>(s.first_w, 0);
      const Index inside = std::clamp<Index>(s.width - from, 0, s.pitch - left);
      zero_over(left, packed);
      if (y * s.width + from + (inside + lanes - 1) / lanes * lanes <= s.height * s.width) {
        copy_over(inside, row + from, packed + left);
      } else {
        std::copy_n(row + from, inside, packed + left);  // nothing readable past the plane
      }
      zero_over(s.pitch - left - inside, packed + left + inside);
    } else {
      for (Index q = 0; q < s.pitch; ++q) {
        const Index x = q * s.step_w + s.first_w;
        packed[q] = x >= 0 && x < s.width ? row[x] : real(0);
      }
    }
  }
}

/// Packs one plane of gradients; zeros from its end up to `padded` elements. May write up to a vector
/// further.
void pack_gradient(const PackedPlane& s, const real* plane, real* packed, Index padded) {
  pack_plane(s, plane, packed);
  zero_over(padded - s.size(), packed + s.size());
}

/// out[h, w] (+)= grid + bias, without the grid's spare columns; then relu, if asked.
void unpack_grid(Index h, Index w, Index pitch, const real* grid, real bias, bool relu, real* out,
                 bool accumulate) {
  const Vec shift = broadcast(bias),
            least = broadcast(relu ? real(0) : -std::numeric_limits<real>::infinity());
  const Index rounded = (w + lanes - 1) / lanes * lanes;
  for (Index y = 0; y < h; ++y, grid += pitch, out += w) {
    // Writing past the row is fine when all of it is written again with the rows to come; adding is not.
    const Index in_vectors = !accumulate && (h - y) * w >= rounded ? rounded : w / lanes * lanes;
    for (Index x = 0; x < in_vectors; x += lanes) {
      Vec value = load(grid + x) + shift;
      value = value < least ? least : value;
      store(out + x, accumulate ? load(out + x) + value : value);
    }
    for (Index x = in_vectors; x < w; ++x) {
      const real value = grid[x] + bias;
      out[x] = (accumulate ? out[x] : real(0)) + (value < least[0] ? least[0] : value);
    }
  }
}

namespace {

/// Dot products of `rows` gradient planes with `taps` shifted source planes over several images: each
/// accumulator is a vector of partial sums, folded once at the end.
template <int rows, int taps>
void weight_tile(const Correlation& c, Index images, const real* source, Index source_stride,
                 const real* gradient, Index gradient_stride, Index grid_stride, const Index* offsets,
                 real* sums) {
  Vec sum[rows][taps];
  unroll<rows>([&](auto r) FANIN_LAMBDA { unroll<taps>([&](auto t) FANIN_LAMBDA { sum[r][t] = Vec{}; }); });
  const Index length = c.length();
  for (Index image = 0; image < images; ++image, source += source_stride, gradient += gradient_stride) {
    const real* tap[taps];
    unroll<taps>([&](auto t) FANIN_LAMBDA { tap[t] = source + offsets[t]; });
    for (Index p = 0; p < length; p += lanes) {
      Vec shifted[taps];
      unroll<taps>([&](auto t) FANIN_LAMBDA { shifted[t] = load(tap[t] + p); });
      unroll<rows>([&](auto r) FANIN_LAMBDA {
        const Vec g = load(gradient + r * grid_stride + p);
        unroll<taps>([&](auto t) FANIN_LAMBDA { sum[r][t] = fma(g, shifted[t], sum[r][t]); });
      });
    }
  }
  constexpr int groups = (rows * taps + lanes - 1) / lanes;
  real folded[groups * lanes];
  unroll<groups>([&](auto group) FANIN_LAMBDA {
    Vec part[lanes];
    unroll<lanes>([&](auto l) FANIN_LAMBDA {
      constexpr int k = group * lanes + l;
      if constexpr (k < rows * taps) {
        part[l] = sum[k / taps][k % taps];
      } else {
        part[l] = Vec{};
      }
    });
    store(folded + group * lanes, sums_of_each(part));
  });
  for (int k = 0; k < rows * taps; ++k) sums[k / taps * c.terms + k % taps] += folded[k];
}

using WeightTile = void (*)(const Correlation&, Index, const real*, Index, const real*, Index, Index,
                            const Index*, real*);
constexpr int tile_weight_rows = registers == 32 ? 6 : 2, tile_weight_taps = registers == 32 ? 4 : 4;

template <int rows>
constexpr auto weight_tiles = []<int... t>(std::integer_sequence<int, t...>) {
  return std::array<WeightTile, tile_weight_taps>{weight_tile<rows, t + 1>...};
}
(std::make_integer_sequence<int, tile_weight_taps>{});

constexpr auto all_weight_tiles = []<int... r>(std::integer_sequence<int, r...>) {
  return std::array{weight_tiles<r + 1>...};
}
(std::make_integer_sequence<int, tile_weight_rows>{});

}  // namespace

/// sums[rows, terms] += Σ_images Σ_p gradient[row][p] · source[offsets[term] + p]; the gradients' spare
/// columns are zero.
void correlate_weights(const Correlation& c, Index images, const real* source, Index source_stride,
                       const real* gradient, Index gradient_stride, Index grid_stride, real* sums) {
  const EvenCut by_row(c.rows, tile_weight_rows), by_term(c.terms, tile_weight_taps);
  for (Index i = 0; i < by_row.blocks; ++i) {
    const Index row = by_row.begin(i);
    for (Index j = 0; j < by_term.blocks; ++j) {
      const Index term = by_term.begin(j);
      const auto multiply = all_weight_tiles[static_cast<std::size_t>(by_row.size(i) - 1)]
                                            [static_cast<std::size_t>(by_term.size(j) - 1)];
      multiply(c, images, source, source_stride, gradient + row * grid_stride, gradient_stride, grid_stride,
               c.offsets + term, sums + row * c.terms + term);
    }
  }
}

real sum_of(Index n, const real* x) {
  Vec sum[4] = {};  // four chains hide the latency of the addition
  Index i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) unroll<4>([&](auto j) FANIN_LAMBDA { sum[j] += load(x + i + j * lanes); });
  for (; i + lanes <= n; i += lanes) sum[0] += load(x + i);
  real total = sum_lanes((sum[0] + sum[1]) + (sum[2] + sum[3]));
  for (; i < n; ++i) total += x[i];
  return total;
}

void add_to(Index n, const real* x, real* total, bool accumulate) {
  Index i = 0;
  for (; i + lanes <= n; i += lanes)
    store(total + i, accumulate ? load(total + i) + load(x + i) : load(x + i));
  for (; i < n; ++i) total[i] = accumulate ? total[i] + x[i] : x[i];
}
