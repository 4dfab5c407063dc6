#pragma once
#include <fanin/core/real.hpp>

namespace fanin::kernels {

/// From the row-major n×m matrix `a` (n ≤ m), which is destroyed, to n×m `q` with orthonormal rows that span
/// the same space: Q of the QR factors of aᵀ, transposed, with each row's sign such that R's diagonal is
/// positive (what Gram-Schmidt would give; zero where that diagonal is exactly zero). Blocked Householder
/// reflections (Schreiber & Van Loan 1989), as LAPACK's geqrf and orgqr.
void orthonormal_rows(Index n, Index m, real* a, real* q);

}  // namespace fanin::kernels
