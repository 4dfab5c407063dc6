// Winograd's F(2×2, 3×3) with one tile in each lane. A vector holds two units: `half` tiles next to each
// other, 2·half pixels wide, of one tile row.
#include <fanin/kernels/simd/tile.inl>

namespace {

constexpr int half = lanes / 2;

struct Units {
  Index per_row, count;
  Units(const WinogradShape& s, Index tile_rows)
      : per_row(((s.width + 1) / 2 + half - 1) / half), count(tile_rows * per_row) {}
  Index vectors() const { return (count + 1) / 2; }
  /// Where unit u begins in planes of this pitch; past the last unit, where the last does.
  Index at(Index u, Index pitch) const {
    const Index unit = std::min(u, count - 1);
    return unit / per_row * 2 * pitch + unit % per_row * lanes;
  }
  /// How many of unit u's tiles are inside a plane of this width.
  int filled(Index u, Index width) const {
    if (u >= count) return 0;
    return static_cast<int>(std::clamp<Index>((width + 1) / 2 - u % per_row * half, 0, half));
  }
};

/// B as rows `stride` apart.
struct Strided {
  const real* b;
  Index stride;
  template <int j>
  FANIN_INLINE Vec at() const {
    return load(b + j * lanes);
  }
  FANIN_INLINE void next() { b += stride; }
};

template <int width>
constexpr auto multiply_tiles = []<int... r>(std::integer_sequence<int, r...>) {
  using Tile = void (*)(Index, const real*, Index, const real*, Index, real*, Index, bool);
  return std::array<Tile, sizeof...(r)>{[](Index k, const real* a, Index a_stride, const real* b,
                                           Index b_stride, real* c, Index c_stride, bool accumulate) {
    tile<r + 1, width>(k, RowMajor<r + 1>(a, a_stride), Strided{b, b_stride}, c, c_stride, accumulate);
  }...};
}
(std::make_integer_sequence<int, max_rows<2>>{});

/// The tiles of two units at a and b: x[i][j] holds pixel (i, j) of each.
FANIN_INLINE void load_tiles(const real* a, const real* b, Index pitch, Vec (&x)[4][4]) {
  unroll<4>([&](auto i) FANIN_LAMBDA {
    const Vec left_a = load(a + i * pitch), left_b = load(b + i * pitch), right_a = load(a + i * pitch + 2),
              right_b = load(b + i * pitch + 2);
    x[i][0] = every_second<0>(left_a, left_b);
    x[i][1] = every_second<1>(left_a, left_b);
    x[i][2] = every_second<0>(right_a, right_b);
    x[i][3] = every_second<1>(right_a, right_b);
  });
}

/// x = Bᵀ x B
FANIN_INLINE void transform_tiles(Vec (&x)[4][4]) {
  const auto combine = [](Vec& a, Vec& b, Vec& c, Vec& d) FANIN_LAMBDA {
    const Vec first = a - c, second = b + c, third = c - b, fourth = b - d;
    a = first, b = second, c = third, d = fourth;
  };
  unroll<4>([&](auto j) FANIN_LAMBDA { combine(x[0][j], x[1][j], x[2][j], x[3][j]); });
  unroll<4>([&](auto i) FANIN_LAMBDA { combine(x[i][0], x[i][1], x[i][2], x[i][3]); });
}

}  // namespace

Index tiles_of(const WinogradShape& s, Index tile_rows) { return Units(s, tile_rows).vectors() * lanes; }
Index grid_pitch(const WinogradShape& s) { return Units(s, 1).per_row * lanes; }
Index row_limit() { return max_rows<2>; }

void transform_filters(const WinogradShape& s, const Filters& filters, real* u) {
  const real quarter = real(0.25);
  for (Index row = 0; row < s.rows; ++row) {
    for (Index source = 0; source < s.sources; source += lanes) {
      const Index count = std::min<Index>(lanes, s.sources - source);
      real taps[9][lanes] = {};
      for (Index l = 0; l < count; ++l) {
        const real* from = filters.data + row * filters.row_step + (source + l) * filters.source_step;
        for (int t = 0; t < 9; ++t) taps[t][l] = from[filters.flipped ? 8 - t : t];
      }
      // G scaled by 2 to whole numbers: rows (2 0 0), (1 1 1), (1 -1 1), (0 0 2).
      Vec rows[4][3];
      unroll<3>([&](auto j) FANIN_LAMBDA {
        const Vec a = load(taps[j]), b = load(taps[3 + j]), c = load(taps[6 + j]);
        rows[0][j] = a + a, rows[1][j] = a + c + b, rows[2][j] = a + c - b, rows[3][j] = c + c;
      });
      unroll<4>([&](auto i) FANIN_LAMBDA {
        const Vec a = rows[i][0], b = rows[i][1], c = rows[i][2];
        const Vec columns[4] = {a + a, a + c + b, a + c - b, c + c};
        unroll<4>([&](auto j) FANIN_LAMBDA {
          store_first(u + ((i * 4 + j) * s.rows + row) * s.sources + source, count, quarter * columns[j]);
        });
      });
    }
  }
}

void transform_sources(const WinogradShape& s, const real* planes, Index first, Index tile_rows, real* v) {
  const Units units(s, tile_rows);
  const Index vectors = units.vectors(), tiles = vectors * lanes, matrix = winograd_matrix(s.sources, tiles);
  for (Index vec = 0; vec < vectors; ++vec, v += lanes) {
    const real* a = planes + first * 2 * s.pitch + units.at(2 * vec, s.pitch);
    const real* b = planes + first * 2 * s.pitch + units.at(2 * vec + 1, s.pitch);
    for (Index source = 0; source < s.sources; ++source, a += s.plane_size, b += s.plane_size) {
      Vec x[4][4];
      load_tiles(a, b, s.pitch, x);
      transform_tiles(x);
      unroll<16>([&](auto k) FANIN_LAMBDA { store(v + k * matrix + source * tiles, x[k / 4][k % 4]); });
    }
  }
}

void multiply(const WinogradShape& s, const real* u, Index row, Index rows, const real* v, Index tile_rows,
              real* products, real* grid, Index grid_stride) {
  const Units units(s, tile_rows);
  const Index vectors = units.vectors(), tiles = vectors * lanes, pitch = units.per_row * lanes;
  const auto r = static_cast<std::size_t>(rows - 1);
  for (Index vec = 0; vec < vectors; vec += 2) {
    const Index width = std::min<Index>(2, vectors - vec);
    const auto product = width == 2 ? multiply_tiles<2>[r] : multiply_tiles<1>[r];
    for (Index k = 0; k < 16; ++k) {
      product(s.sources, u + (k * s.rows + row) * s.sources, s.sources,
              v + k * winograd_matrix(s.sources, tiles) + vec * lanes, tiles, products + k * rows * 2 * lanes,
              2 * lanes, false);
    }
    for (Index i = 0; i < rows; ++i) {
      for (Index j = 0; j < width; ++j) {
        const real* m = products + i * 2 * lanes + j * lanes;
        const Index step = rows * 2 * lanes;
        Vec upper[4], lower[4];  // Aᵀ from the left
        unroll<4>([&](auto c) FANIN_LAMBDA {
          const Vec m0 = load(m + c * step), m1 = load(m + (4 + c) * step), m2 = load(m + (8 + c) * step),
                    m3 = load(m + (12 + c) * step);
          upper[c] = m0 + m1 + m2;
          lower[c] = m1 - m2 - m3;
        });
        const auto put = [&](const Vec(&q)[4], real* to_a, real* to_b) FANIN_LAMBDA {
          const Vec even = q[0] + q[1] + q[2], odd = q[1] - q[2] - q[3];
          store(to_a, interleave<0>(even, odd));
          if (to_b) store(to_b, interleave<1>(even, odd));
        };
        real* plane = grid + i * grid_stride;
        const Index first = 2 * (vec + j);
        real* a = plane + units.at(first, pitch);
        real* b = first + 1 < units.count ? plane + units.at(first + 1, pitch) : nullptr;
        put(upper, a, b);
        put(lower, a + pitch, b ? b + pitch : nullptr);
      }
    }
  }
}

/// v[16][tiles][padded], the sources side by side.
void transform_sources_by_tile(const WinogradShape& s, const real* planes, Index first, Index tile_rows,
                               Index padded, real* v) {
  const Units units(s, tile_rows);
  const Index vectors = units.vectors(), matrix = winograd_matrix(padded, vectors * lanes);
  alignas(64) real side[16][lanes][lanes];  // of `lanes` sources, by tile
  for (Index vec = 0; vec < vectors; ++vec) {
    const real* a = planes + first * 2 * s.pitch + units.at(2 * vec, s.pitch);
    const real* b = planes + first * 2 * s.pitch + units.at(2 * vec + 1, s.pitch);
    for (Index source = 0; source < padded; source += lanes) {
      for (Index l = 0; l < lanes; ++l) {
        Vec x[4][4] = {};
        if (source + l < s.sources) {
          load_tiles(a + (source + l) * s.plane_size, b + (source + l) * s.plane_size, s.pitch, x);
          transform_tiles(x);
        }
        unroll<16>([&](auto k) FANIN_LAMBDA { store(side[k][l], x[k / 4][k % 4]); });
      }
      for (int k = 0; k < 16; ++k) {
        Vec block[lanes];
        unroll<lanes>([&](auto l) FANIN_LAMBDA { block[l] = load(side[k][l]); });
        transpose(block);
        unroll<lanes>([&](auto l) FANIN_LAMBDA {
          store(v + k * matrix + (vec * lanes + l) * padded + source, block[l]);
        });
      }
    }
  }
}

/// m[16][rows][tiles] = A grad_y Aᵀ, zero for tiles outside the plane.
void transform_gradient(const WinogradShape& s, const real* gradient, Index pitch, Index stride, Index first,
                        Index tile_rows, real* m) {
  const Units units(s, tile_rows);
  const Index vectors = units.vectors(), tiles = vectors * lanes, matrix = winograd_matrix(s.rows, tiles);
  const IntVec lane = lane_numbers();
  for (Index vec = 0; vec < vectors; ++vec, m += lanes) {
    const real* a = gradient + first * 2 * pitch + units.at(2 * vec, pitch);
    const real* b = gradient + first * 2 * pitch + units.at(2 * vec + 1, pitch);
    const IntVec inside = lane < half ? lane < units.filled(2 * vec, s.width)
                                      : lane - half < units.filled(2 * vec + 1, s.width);
    for (Index row = 0; row < s.rows; ++row, a += stride, b += stride) {
      const auto pixel = [&](Vec v) FANIN_LAMBDA {
        return reinterpret_cast<Vec>(reinterpret_cast<IntVec>(v) & inside);
      };
      const Vec top_a = load(a), top_b = load(b), low_a = load(a + pitch), low_b = load(b + pitch);
      const Vec y[2][2] = {{pixel(every_second<0>(top_a, top_b)), pixel(every_second<1>(top_a, top_b))},
                           {pixel(every_second<0>(low_a, low_b)), pixel(every_second<1>(low_a, low_b))}};
      const Vec sides[4][2] = {{y[0][0], y[0][1]},
                               {y[0][0] + y[1][0], y[0][1] + y[1][1]},
                               {y[0][0] - y[1][0], y[0][1] - y[1][1]},
                               {-y[1][0], -y[1][1]}};
      unroll<4>([&](auto i) FANIN_LAMBDA {
        const Vec left = sides[i][0], right = sides[i][1];
        const Vec columns[4] = {left, left + right, left - right, -right};
        unroll<4>([&](auto j) FANIN_LAMBDA { store(m + (i * 4 + j) * matrix + row * tiles, columns[j]); });
      });
    }
  }
}

/// du[16][rows][padded] += m v
void add_products(Index rows, Index padded, Index tiles, const real* m, const real* v, real* du) {
  const EvenCut cut(rows, max_rows<2>);
  for (Index k = 0; k < 16; ++k) {
    for (Index block = 0; block < cut.blocks; ++block) {
      const Index row = cut.begin(block);
      const auto r = static_cast<std::size_t>(cut.size(block) - 1);
      for (Index c = 0; c < padded; c += 2 * lanes) {
        const auto product = padded - c > lanes ? multiply_tiles<2>[r] : multiply_tiles<1>[r];
        product(tiles, m + k * winograd_matrix(rows, tiles) + row * tiles, tiles,
                v + k * winograd_matrix(padded, tiles) + c, padded, du + (k * rows + row) * padded + c,
                padded, true);
      }
    }
  }
}

/// grad_w[rows][sources][9] (+)= Gᵀ du G
void filter_gradient(const WinogradShape& s, Index padded, const real* du, real* grad_w, bool accumulate) {
  const real half_of = real(0.5);
  for (Index row = 0; row < s.rows; ++row) {
    for (Index source = 0; source < s.sources; source += lanes) {
      Vec sides[3][4];
      unroll<4>([&](auto j) FANIN_LAMBDA {
        const auto at = [&](int i) FANIN_LAMBDA {
          return load(du + ((i * 4 + j) * s.rows + row) * padded + source);
        };
        const Vec sum = half_of * (at(1) + at(2));
        sides[0][j] = at(0) + sum, sides[1][j] = half_of * (at(1) - at(2)), sides[2][j] = sum + at(3);
      });
      real taps[9][lanes];
      unroll<3>([&](auto i) FANIN_LAMBDA {
        const Vec sum = half_of * (sides[i][1] + sides[i][2]);
        store(taps[i * 3], sides[i][0] + sum);
        store(taps[i * 3 + 1], half_of * (sides[i][1] - sides[i][2]));
        store(taps[i * 3 + 2], sum + sides[i][3]);
      });
      const Index count = std::min<Index>(lanes, s.sources - source);
      for (Index l = 0; l < count; ++l) {
        real* to = grad_w + (row * s.sources + source + l) * 9;
        for (int t = 0; t < 9; ++t) to[t] = (accumulate ? to[t] : real(0)) + taps[t][l];
      }
    }
  }
}
