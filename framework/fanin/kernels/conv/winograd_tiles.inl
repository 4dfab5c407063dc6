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
