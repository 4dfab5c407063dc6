#pragma once
#include <string>

#include <fanin/kernels/gemm/gemm.hpp>
#include <fanin/kernels/pieces.hpp>

namespace fanin::kernels {

/// What computes the products of matrices: our kernels, or OpenBLAS (core/openblas).
enum class Products { own, openblas };

/// The variable FANIN_PRODUCTS, "own" or "openblas", at the first call; without it ours, but OpenBLAS on a
/// CPU for which we have no kernels, where it can be loaded. Error (usage) for another value.
Products products();
/// Error (usage) where the variable is set to another value: for a program to ask before it does anything.
void check_products();
/// "own" or "openblas, OpenBLAS 0.3.21 …".
std::string products_text();
/// Chooses for the whole program, for tests; and goes back to the variable's choice when it ends.
class ProductsBy {
 public:
  explicit ProductsBy(Products by);
  ~ProductsBy();
  ProductsBy(const ProductsBy&) = delete;
  ProductsBy& operator=(const ProductsBy&) = delete;
};

/// `gemm` by one of the two, whatever was chosen.
void gemm_by(Products by, Index m, Index n, Index k, Matrix a, Matrix b, real* c, Index ldc, bool accumulate);

/// `gemm_block` by OpenBLAS, on the calling thread, whatever was chosen. Its bits depend on the block's size:
/// so what it computes must be cut by sizes alone, never by the number of threads. Error when it is not at
/// hand.
void openblas_gemm_block(Index m, Index n, Index k, Matrix a, Matrix b, real* c, Index ldc, bool accumulate);

/// As `each_share` over [0, n) × [0, m), for products by `gemm_block`; where OpenBLAS computes them, in one
/// piece.
template <class Body>
void each_product_share(Index n, Index unit, Index m, Index row_unit, Index work, Body body) {
  if (products() == Products::own) return each_share(n, unit, m, row_unit, work, body);
  body(Index{0}, n, Index{0}, m);
}

}  // namespace fanin::kernels
