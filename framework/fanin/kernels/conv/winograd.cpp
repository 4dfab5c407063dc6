#include <algorithm>
#include <array>

#include <fanin/kernels/conv/winograd.hpp>

#define FANIN_KERNEL_SOURCE <fanin/kernels/conv/winograd.cpp>
#include <fanin/kernels/simd/for_each_isa.inl>

#ifdef FANIN_VECTOR_BYTES  // for each instruction set
#include <fanin/kernels/conv/winograd_tiles.inl>

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
        const auto store_both = [&](const Vec(&q)[4], real* to_a, real* to_b) FANIN_LAMBDA {
          const Vec even = q[0] + q[1] + q[2], odd = q[1] - q[2] - q[3];
          store(to_a, interleave<0>(even, odd));
          if (to_b) store(to_b, interleave<1>(even, odd));
        };
        real* plane = grid + i * grid_stride;
        const Index first = 2 * (vec + j);
        real* a = plane + units.at(first, pitch);
        real* b = first + 1 < units.count ? plane + units.at(first + 1, pitch) : nullptr;
        store_both(upper, a, b);
        store_both(lower, a + pitch, b ? b + pitch : nullptr);
      }
    }
  }
}

#else  // once
namespace fanin::kernels {

bool winograd_pays(const ConvShape& s) {
  // A row's tiles are computed eight at a time: with few of them most of the work would be for nothing.
  const auto filled = [](Index width) {
    const Index tiles = (width + 1) / 2;
    return 3 * tiles >= 2 * ((tiles + 7) / 8 * 8);
  };
  return s.kernel_h == 3 && s.kernel_w == 3 && s.stride_h == 1 && s.stride_w == 1 && s.dilation_h == 1 &&
         s.dilation_w == 1 && s.pad_h <= 2 && s.pad_w <= 2 && s.height % 2 == 0 &&
         s.in_channels / s.groups >= 16 && s.out_channels / s.groups >= 16 && filled(s.width) &&
         filled(s.out_w());
}

Index winograd_block(const WinogradShape& s, Index planes) {
  constexpr Index cached = 110'000;  // elements
  return std::clamp<Index>(cached / (16 * planes * winograd_tiles(s, 1)), 1,
                           std::max<Index>(s.height / 2, 1));
}
Index winograd_tiles(const WinogradShape& s, Index tile_rows) { return FANIN_BY_ISA(tiles_of(s, tile_rows)); }
Index winograd_grid_pitch(const WinogradShape& s) { return FANIN_BY_ISA(grid_pitch(s)); }
Index winograd_row_limit() { return FANIN_BY_ISA(row_limit()); }

void winograd_filters(const WinogradShape& s, Index groups, const Filters& filters, real* u) {
  Filters of_group = filters;
  for (Index group = 0; group < groups; ++group, of_group.data += filters.group_step)
    FANIN_BY_ISA(transform_filters(s, of_group, u + group * winograd_filters_size(s)));
}
void winograd_sources(const WinogradShape& s, const real* planes, Index first, Index tile_rows, real* v) {
  FANIN_BY_ISA(transform_sources(s, planes, first, tile_rows, v));
}
void winograd_multiply(const WinogradShape& s, const real* u, Index row, Index rows, const real* v,
                       Index tile_rows, real* grid, Index grid_stride) {
  Workspace<> products(16 * winograd_most_rows * 32);
  FANIN_BY_ISA(multiply(s, u, row, rows, v, tile_rows, products.data(), grid, grid_stride));
}

}  // namespace fanin::kernels

#endif
