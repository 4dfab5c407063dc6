#include <algorithm>

#include <fanin/core/parallel.hpp>
#include <fanin/kernels/gemm/gemm.hpp>
#include <fanin/kernels/gemm/gemm_block.hpp>

namespace fanin::kernels {
namespace {

constexpr Index serial_work = 100'000;  // products below which handing work out costs more than it saves

}  // namespace

void gemm(bool trans_a, bool trans_b, Index m, Index n, Index k, const real* a, Index lda, const real* b,
          Index ldb, real* c, Index ldc, bool accumulate) {
  const Operand left{a, lda, trans_a}, right{b, ldb, trans_b};
  // Each piece packs the columns of B it needs: cut those first, and rows only when there are few columns.
  const Index column_pieces = std::clamp<Index>(n / 64, 1, 8);
  const Index row_pieces = std::clamp<Index>(std::min(8 / column_pieces, m / 16), 1, 8);
  if (m * n * k < serial_work || column_pieces * row_pieces == 1) {
    gemm_block(m, n, k, left, right, c, ldc, accumulate);
    return;
  }
  const auto cut = [](Index total, Index pieces, Index piece, Index unit) {
    return piece == pieces ? total : total * piece / pieces / unit * unit;
  };
  parallel_for(column_pieces * row_pieces, [&](Index piece) {
    const Index column = piece / row_pieces, row = piece % row_pieces;
    const Index i = cut(m, row_pieces, row, 1), rows = cut(m, row_pieces, row + 1, 1) - i;
    const Index j = cut(n, column_pieces, column, 32), columns = cut(n, column_pieces, column + 1, 32) - j;
    gemm_block(rows, columns, k, left.from(i, 0), right.from(0, j), c + i * ldc + j, ldc, accumulate);
  });
}

}  // namespace fanin::kernels
