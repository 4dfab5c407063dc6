#include <algorithm>
#include <array>

#include <fanin/kernels/conv/winograd.hpp>

#define FANIN_KERNEL_SOURCE <fanin/kernels/conv/winograd_weights.cpp>
#include <fanin/kernels/simd/for_each_isa.inl>

#ifdef FANIN_VECTOR_BYTES  // for each instruction set
#include <fanin/kernels/conv/winograd_tiles.inl>

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

#else  // once
namespace fanin::kernels {

Index winograd_padded_sources(const WinogradShape& s) { return (s.sources + 15) / 16 * 16; }
void winograd_add_products(const WinogradShape& s, const real* planes, const real* gradient,
                           Index gradient_pitch, Index gradient_stride, real* du) {
  const Index padded = winograd_padded_sources(s), block = winograd_block(s, s.rows + padded);
  const Index most = winograd_tiles(s, block);
  Workspace<> v(16 * winograd_matrix(padded, most)), m(16 * winograd_matrix(s.rows, most));
  for (Index first = 0; first < s.height / 2; first += block) {
    const Index tile_rows = std::min(block, s.height / 2 - first), tiles = winograd_tiles(s, tile_rows);
    FANIN_BY_ISA(transform_sources_by_tile(s, planes, first, tile_rows, padded, v.data()));
    FANIN_BY_ISA(
        transform_gradient(s, gradient, gradient_pitch, gradient_stride, first, tile_rows, m.data()));
    FANIN_BY_ISA(add_products(s.rows, padded, tiles, m.data(), v.data(), du));
  }
}
void winograd_filter_gradient(const WinogradShape& s, const real* du, real* grad_w, bool accumulate) {
  FANIN_BY_ISA(filter_gradient(s, winograd_padded_sources(s), du, grad_w, accumulate));
}

}  // namespace fanin::kernels

#endif
