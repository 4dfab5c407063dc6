#include <fanin/kernels/simd/tile.inl>

namespace {

constexpr Index panel_depth = 256;  // a panel of B (256 × 32 floats, 32 KiB) stays in the first-level cache

template <int rows, int width>
void row_major_tile(Index k, const real* a, Index stride, const real* panel, real* c, Index ldc,
                    bool accumulate) {
  tile<rows, width>(k, RowMajor<rows>(a, stride), Panel<width>{panel}, c, ldc, accumulate);
}
template <int rows, int width>
void column_major_tile(Index k, const real* a, Index stride, const real* panel, real* c, Index ldc,
                       bool accumulate) {
  tile<rows, width>(k, ColumnMajor{a, stride}, Panel<width>{panel}, c, ldc, accumulate);
}

using TileFunction = void (*)(Index, const real*, Index, const real*, real*, Index, bool);
constexpr int row_limit = max_rows<2>;

template <int width>
TileFunction tile_function(bool transposed, Index rows) {
  static constexpr auto table = []<int... r>(std::integer_sequence<int, r...>) {
    return std::array<std::array<TileFunction, row_limit>, 2>{
        {{row_major_tile<r + 1, width>...}, {column_major_tile<r + 1, width>...}}};
  }
  (std::make_integer_sequence<int, row_limit>{});
  return table[transposed][static_cast<std::size_t>(rows - 1)];
}

/// Copies the k × columns block of B at `b` into a panel `padded` wide, zeros to the right.
void pack_panel(Index k, Index columns, Index padded, Operand b, real* panel) {
  if (!b.transposed) {
    for (Index p = 0; p < k; ++p, panel += padded) {
      const real* row = b.data + p * b.stride;
      if (columns == padded) {
        for (Index j = 0; j < padded; j += lanes) store(panel + j, load(row + j));
      } else {
        std::copy_n(row, columns, panel);
        std::fill(panel + columns, panel + padded, real(0));
      }
    }
    return;
  }
  for (Index j = 0; j < padded; j += lanes) {
    const Index full = columns - j >= lanes ? k - k % lanes : 0;
    for (Index p = 0; p < full; p += lanes) {
      Vec block[lanes];
      unroll<lanes>([&](auto i) FANIN_LAMBDA { block[i] = load(b.data + (j + i) * b.stride + p); });
      transpose(block);
      unroll<lanes>([&](auto i) FANIN_LAMBDA { store(panel + (p + i) * padded + j, block[i]); });
    }
    for (Index p = full; p < k; ++p) {
      for (Index i = j; i < j + lanes; ++i)
        panel[p * padded + i] = i < columns ? b.data[i * b.stride + p] : real(0);
    }
  }
}

/// All rows of C against one packed panel of `width` vectors, of which `columns` are real.
template <int width>
void multiply_panel(Index m, Index columns, Index k, Operand a, const real* panel, real* c, Index ldc,
                    bool accumulate) {
  constexpr Index padded = width * lanes;
  const EvenCut cut(m, row_limit);
  for (Index block = 0; block < cut.blocks; ++block) {
    const Index i = cut.begin(block), rows = cut.size(block);
    const auto multiply = tile_function<width>(a.transposed, rows);
    const real* a_block = a.from(i, 0).data;
    real* c_block = c + i * ldc;
    if (columns == padded) {
      multiply(k, a_block, a.stride, panel, c_block, ldc, accumulate);
      continue;
    }
    // At the right edge the tile is wider than C: it works on a copy.
    real copy[row_limit * padded];
    for (Index r = 0; accumulate && r < rows; ++r) std::copy_n(c_block + r * ldc, columns, copy + r * padded);
    multiply(k, a_block, a.stride, panel, copy, padded, accumulate);
    for (Index r = 0; r < rows; ++r) std::copy_n(copy + r * padded, columns, c_block + r * ldc);
  }
}

}  // namespace

void gemm_block(Index m, Index n, Index k, Operand a, Operand b, real* c, Index ldc, bool accumulate,
                real* panel) {
  const EvenCut depth(k, panel_depth);
  for (Index piece = 0; piece < depth.blocks; ++piece) {
    const Index p = depth.begin(piece), terms = depth.size(piece);
    for (Index j = 0; j < n; j += 2 * lanes) {
      const Index columns = std::min<Index>(n - j, 2 * lanes);
      const bool wide = columns > lanes;
      pack_panel(terms, columns, wide ? 2 * lanes : lanes, b.from(p, j), panel);
      (wide ? multiply_panel<2> : multiply_panel<1>)(m, columns, terms, a.from(0, p), panel, c + j, ldc,
                                                     accumulate || p > 0);
    }
  }
}
