#include <fanin/kernels/simd/tile.inl>

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
  for (; i + 4 * lanes <= n; i += 4 * lanes)
    unroll<4>([&](auto j) FANIN_LAMBDA { sum[j] += load(x + i + j * lanes); });
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
