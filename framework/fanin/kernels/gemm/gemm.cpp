#include <algorithm>
#include <array>

#include <fanin/core/parallel.hpp>
#include <fanin/kernels/gemm/blocking.hpp>
#include <fanin/kernels/gemm/products.hpp>
#include <fanin/kernels/workspace.hpp>

#define FANIN_KERNEL_SOURCE <fanin/kernels/gemm/gemm.cpp>
#include <fanin/kernels/simd/for_each_isa.inl>

#ifdef FANIN_VECTOR_BYTES  // for each instruction set
#include <fanin/kernels/simd/tile.inl>

namespace {

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

constexpr Index widest = Index{2} * lanes;  // columns of a panel
constexpr Index panel_depth = std::min<Index>(most_panel_depth, panel_elements / widest);
constexpr Index packed_rows = packed_elements / panel_depth;

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
void pack_panel(Index k, Index columns, Index padded, Matrix b, real* panel) {
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

/// A as it lies.
struct InPlace {
  Matrix a;
  bool transposed() const { return a.transposed; }
  const real* tile(Index i) const { return a.from(i, 0).data; }
  Index stride(Index) const { return a.stride; }
};

/// A in tiles of the rows that a product takes at once, each column by column: what a large A costs in pages
/// and in rows that want the same lines of the cache is paid once, not for every panel.
struct Packed {
  const real* tiles;
  Index k;
  bool transposed() const { return true; }
  const real* tile(Index i) const { return tiles + i * k; }
  Index stride(Index rows) const { return rows; }
};

void pack_tiles(Index m, Index k, Matrix a, real* tiles) {
  const EvenCut cut(m, row_limit);
  for (Index block = 0; block < cut.blocks; ++block) {
    const Index i = cut.begin(block), rows = cut.size(block);
    real* tile = tiles + i * k;
    if (a.transposed) {
      for (Index p = 0; p < k; ++p) std::copy_n(a.from(i, p).data, rows, tile + p * rows);
    } else {
      for (Index r = 0; r < rows; ++r) {
        const real* row = a.from(i + r, 0).data;
        for (Index p = 0; p < k; ++p) tile[p * rows + r] = row[p];
      }
    }
  }
}

/// All rows of C against one packed panel of `width` vectors, of which `columns` are real.
template <int width, class Left>
void multiply_panel(Index m, Index columns, Index k, const Left& a, const real* panel, real* c, Index ldc,
                    bool accumulate) {
  constexpr Index padded = Index{width} * lanes;
  const EvenCut cut(m, row_limit);
  for (Index block = 0; block < cut.blocks; ++block) {
    const Index i = cut.begin(block), rows = cut.size(block);
    const auto multiply = tile_function<width>(a.transposed(), rows);
    const real* a_tile = a.tile(i);
    const Index stride = a.stride(rows);
    real* c_block = c + i * ldc;
    if (block + 1 <
        cut.blocks) {  // the next tile's rows of C, far apart, are fetched while this one is computed
      const real* next = c_block + rows * ldc;
      for (Index r = 0; r < cut.size(block + 1); ++r, next += ldc) {
        __builtin_prefetch(next, 1);
        __builtin_prefetch(next + columns - 1, 1);
      }
    }
    if (columns == padded) {
      multiply(k, a_tile, stride, panel, c_block, ldc, accumulate);
      continue;
    }
    // At the right edge the tile is wider than C: it works on a copy.
    real copy[row_limit * padded];
    for (Index r = 0; accumulate && r < rows; ++r) std::copy_n(c_block + r * ldc, columns, copy + r * padded);
    multiply(k, a_tile, stride, panel, copy, padded, accumulate);
    for (Index r = 0; r < rows; ++r) std::copy_n(copy + r * padded, columns, c_block + r * ldc);
  }
}

/// visit(j, columns, width of the panel in vectors) for the panels of n columns.
template <class Visit>
void each_panel(Index n, const Visit& visit) {
  for (Index j = 0; j < n; j += widest) {
    const Index columns = std::min<Index>(n - j, widest);
    visit(j, columns, columns > lanes ? 2 : 1);
  }
}

template <class Left>
void multiply_panel(int width, Index m, Index columns, Index k, const Left& a, const real* panel, real* c,
                    Index ldc, bool accumulate) {
  (width == 2 ? multiply_panel<2, Left> : multiply_panel<1, Left>)(m, columns, k, a, panel, c, ldc,
                                                                   accumulate);
}

}  // namespace

void gemm_block(Index m, Index n, Index k, Matrix a, Matrix b, real* c, Index ldc, bool accumulate,
                real* panel) {
  const EvenCut depth(k, panel_depth);
  for (Index piece = 0; piece < depth.blocks; ++piece) {
    const Index p = depth.begin(piece), terms = depth.size(piece);
    each_panel(n, [&](Index j, Index columns, int width) {
      pack_panel(terms, columns, Index{width} * lanes, b.from(p, j), panel);
      multiply_panel(width, m, columns, terms, InPlace{a.from(0, p)}, panel, c + j, ldc, accumulate || p > 0);
    });
  }
}

/// The same where A does not fit into the cache beside it: all of B is packed once, `panels`, and A by blocks
/// of rows that stay in the second-level cache, `tiles`.
void gemm_large_block(Index m, Index n, Index k, Matrix a, Matrix b, real* c, Index ldc, bool accumulate,
                      real* panels, real* tiles) {
  const EvenCut depth(k, panel_depth), rows(m, packed_rows);
  for (Index piece = 0; piece < depth.blocks; ++piece) {
    const Index p = depth.begin(piece), terms = depth.size(piece);
    // A few rows of B at a time, all their panels: each row lies on pages of its own.
    const Index step = b.transposed ? terms : 16;
    for (Index q = 0; q < terms; q += step) {
      each_panel(n, [&](Index j, Index columns, int width) {
        pack_panel(std::min(step, terms - q), columns, Index{width} * lanes, b.from(p + q, j),
                   panels + j * terms + q * width * lanes);
      });
    }
    for (Index block = 0; block < rows.blocks; ++block) {
      const Index i = rows.begin(block), count = rows.size(block);
      pack_tiles(count, terms, a.from(i, p), tiles);
      each_panel(n, [&](Index j, Index columns, int width) {
        multiply_panel(width, count, columns, terms, Packed{tiles, terms}, panels + j * terms,
                       c + i * ldc + j, ldc, accumulate || p > 0);
      });
    }
  }
}

#else  // once
namespace fanin::kernels {
namespace {

constexpr Index serial_work = 100'000;  // products below which handing work out costs more than it saves

/// How C is cut: near squares, as each piece packs what it needs of A and B, and two to four for each thread.
struct ProductCut {
  Index rows = 1, columns = 1;
  ProductCut(Products by, Index m, Index n, Index k) {
    const Index wanted = thread_count() == 1 || by == Products::openblas
                             ? 1
                             : std::min(Index{2} * thread_count(), m * n * k / serial_work);
    while (rows * columns < wanted) {
      const bool more_rows = m / (2 * rows) >= 16, more_columns = n / (2 * columns) >= 64;
      if (!more_rows && !more_columns) break;
      const bool tall = m * columns > n * rows;
      (more_rows && (tall || !more_columns) ? rows : columns) *= 2;
    }
  }
};

void gemm_block(Products by, Index m, Index n, Index k, Matrix a, Matrix b, real* c, Index ldc,
                bool accumulate) {
  if (k == 0 && !accumulate) {
    for (Index i = 0; i < m; ++i) std::fill_n(c + i * ldc, n, real(0));
  }
  if (m == 0 || n == 0 || k == 0) return;
  if (by == Products::openblas) return openblas_gemm_block(m, n, k, a, b, c, ldc, accumulate);
  if (m < large_rows || n < large_columns || k < large_depth) {
    Workspace<> panel(panel_elements);
    FANIN_BY_ISA(gemm_block(m, n, k, a, b, c, ldc, accumulate, panel.data()));
    return;
  }
  Workspace<> panels(std::min(k, most_panel_depth) * (std::min(n, most_packed_columns) + widest_panel)),
      tiles(packed_elements);
  for (Index j = 0; j < n; j += most_packed_columns) {
    FANIN_BY_ISA(gemm_large_block(m, std::min(n - j, most_packed_columns), k, a, b.from(0, j), c + j, ldc,
                                  accumulate, panels.data(), tiles.data()));
  }
}

}  // namespace

void gemm_block(Index m, Index n, Index k, Matrix a, Matrix b, real* c, Index ldc, bool accumulate) {
  gemm_block(products(), m, n, k, a, b, c, ldc, accumulate);
}

void gemm_by(Products by, Index m, Index n, Index k, Matrix a, Matrix b, real* c, Index ldc,
             bool accumulate) {
  const ProductCut pieces(by, m, n, k);
  if (pieces.columns * pieces.rows == 1) {
    gemm_block(by, m, n, k, a, b, c, ldc, accumulate);
    return;
  }
  const auto edge = [](Index total, Index parts, Index part, Index unit) {
    return part == parts ? total : total * part / parts / unit * unit;
  };
  parallel_for(pieces.columns * pieces.rows, [&](Index piece) {
    const Index column = piece / pieces.rows, row = piece % pieces.rows;
    const Index i = edge(m, pieces.rows, row, 1), rows = edge(m, pieces.rows, row + 1, 1) - i;
    const Index j = edge(n, pieces.columns, column, 32),
                columns = edge(n, pieces.columns, column + 1, 32) - j;
    gemm_block(by, rows, columns, k, a.from(i, 0), b.from(0, j), c + i * ldc + j, ldc, accumulate);
  });
}

void gemm(bool trans_a, bool trans_b, Index m, Index n, Index k, const real* a, Index lda, const real* b,
          Index ldb, real* c, Index ldc, bool accumulate) {
  gemm_by(products(), m, n, k, {a, lda, trans_a}, {b, ldb, trans_b}, c, ldc, accumulate);
}

}  // namespace fanin::kernels

#endif
