// The register tile at the heart of every product: rows × width vectors of C stay in registers while k runs.
// Each element of C is one sequential chain of fused multiply-adds over k, so its bits depend on neither the
// blocking nor the width.
#include <fanin/kernels/simd/vector.inl>

namespace {

/// Rows of C a tile holds: as many accumulators as leave room for `width` vectors of B and one of A.
template <int width>
constexpr int max_rows = registers == 32 ? (width == 1   ? 24
                                            : width == 2 ? 14
                                                         : 6)
                                         : (width == 1   ? 12
                                            : width == 2 ? 6
                                                         : 3);

/// A row-major as it lies in memory, element (i, p) at a[i·stride + p]; four pointers address sixteen rows.
template <int rows>
struct RowMajor {
  const real *a0, *a4, *a8, *a12;
  Index stride, stride3;
  RowMajor(const real* a, Index s)
      : a0(a),
        a4(a + (rows > 4 ? 4 * s : 0)),
        a8(a + (rows > 8 ? 8 * s : 0)),
        a12(a + (rows > 12 ? 12 * s : 0)),
        stride(s),
        stride3(3 * s) {}
  template <int i>
  FANIN_INLINE real at() const {
    const real* base = i < 4 ? a0 : i < 8 ? a4 : i < 12 ? a8 : a12;
    return base[i % 4 == 0 ? 0 : i % 4 == 1 ? stride : i % 4 == 2 ? 2 * stride : stride3];
  }
  FANIN_INLINE void next() {
    ++a0, ++a4, ++a8, ++a12;
    asm("" : "+r"(a0), "+r"(a4), "+r"(a8), "+r"(a12));  // else GCC spends a register on each row
  }
};

/// A column by column, element (i, p) at a[p·stride + i]: a transposed matrix, or a packed panel.
struct ColumnMajor {
  const real* a;
  Index stride;
  template <int i>
  FANIN_INLINE real at() const {
    return a[i];
  }
  FANIN_INLINE void next() { a += stride; }
};

/// B as a packed panel: `width` vectors for each p, one after another.
template <int width>
struct Panel {
  const real* b;
  template <int j>
  FANIN_INLINE Vec at() const {
    return load(b + Index{j} * lanes);
  }
  FANIN_INLINE void next() { b += Index{width} * lanes; }
};

/// c[rows, width·lanes] (+)= A B over k terms.
template <int rows, int width, class A, class B>
FANIN_INLINE void tile(Index k, A a, B b, real* c, Index ldc, bool accumulate) {
  Vec sum[rows][width];
  if (accumulate) {
    unroll<rows>([&](auto i) FANIN_LAMBDA {
      unroll<width>([&](auto j) FANIN_LAMBDA { sum[i][j] = load(c + i * ldc + j * lanes); });
    });
  } else {
    unroll<rows>([&](auto i)
                     FANIN_LAMBDA { unroll<width>([&](auto j) FANIN_LAMBDA { sum[i][j] = Vec{}; }); });
  }
  for (Index p = 0; p < k; ++p) {
    Vec b_row[width];
    unroll<width>([&](auto j) FANIN_LAMBDA { b_row[j] = b.template at<j>(); });
    unroll<rows>([&](auto i) FANIN_LAMBDA {
      const Vec a_element = broadcast(a.template at<i>());
      unroll<width>([&](auto j) FANIN_LAMBDA { sum[i][j] = fma(a_element, b_row[j], sum[i][j]); });
    });
    a.next();
    b.next();
  }
  unroll<rows>([&](auto i) FANIN_LAMBDA {
    unroll<width>([&](auto j) FANIN_LAMBDA { store(c + i * ldc + j * lanes, sum[i][j]); });
  });
}

/// Cuts `total` rows into the fewest blocks of at most `limit`, as even as can be: 64 rows by 14 are 13, 13,
/// 13, 13, 12.
struct EvenCut {
  Index total, blocks;
  EvenCut(Index total_rows, Index limit) : total(total_rows), blocks((total_rows + limit - 1) / limit) {}
  Index begin(Index block) const { return total * block / blocks; }
  Index size(Index block) const { return begin(block + 1) - begin(block); }
};

}  // namespace
