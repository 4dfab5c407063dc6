#include <algorithm>
#include <cmath>

#include <fanin/core/memory.hpp>
#include <fanin/kernels/gemm/gemm.hpp>
#include <fanin/kernels/gemm/qr.hpp>

#define FANIN_KERNEL_SOURCE <fanin/kernels/gemm/qr.inl>
#include <fanin/kernels/simd/for_each_isa.inl>

namespace fanin::kernels {
namespace {

constexpr Index block = 64;

// -T of the block reflector H₁ H₂ … = 1 - Vᵀ T V, for reflectors in the rows of `v`; `products` is scratch.
void negative_triangle(Index rows, Index length, const real* v, Index stride, const real* tau, real* products,
                       real* t) {
  gemm(false, true, rows, rows, length, v, stride, v, stride, products, rows, false);
  std::fill(t, t + rows * rows, real{0});
  for (Index j = 0; j < rows; ++j) {
    t[j * rows + j] = -tau[j];
    for (Index i = 0; i < j; ++i) {
      real sum = 0;
      for (Index k = i; k < j; ++k) sum += t[i * rows + k] * products[k * rows + j];
      t[i * rows + j] = -tau[j] * sum;
    }
  }
}

}  // namespace

void orthonormal_rows(Index n, Index m, real* a, real* q) {
  const auto size = [](Index count) { return static_cast<std::size_t>(count); };
  PoolVector<real> tau(size(n)), signs(size(n)), triangles(size(n * block)), products(size(block * block)),
      w(size(n * block)), wt(size(n * block));
  // rows -= (rows · V) T V, or Tᵀ; `rows` and `v` start at the same column.
  const auto reflect = [&](bool transposed, Index count, real* rows, const real* v, Index reflectors,
                           Index length, const real* negative_t) {
    gemm(false, true, count, reflectors, length, rows, m, v, m, w.data(), reflectors, false);
    gemm(false, transposed, count, reflectors, reflectors, w.data(), reflectors, negative_t, reflectors,
         wt.data(), reflectors, false);
    gemm(false, false, count, length, reflectors, wt.data(), reflectors, v, m, rows, m, true);
  };

  for (Index j = 0; j < n; j += block) {
    const Index rows = std::min(block, n - j), length = m - j;
    real *v = a + j * m + j, *t = triangles.data() + j * block;
    FANIN_BY_ISA(reflect_rows(rows, length, v, m, tau.data() + j, signs.data() + j));
    negative_triangle(rows, length, v, m, tau.data() + j, products.data(), t);
    if (j + rows < n) reflect(false, n - j - rows, v + rows * m, v, rows, length, t);
  }

  std::fill(q, q + n * m, real{0});
  for (Index j = 0; j < n; ++j) q[j * m + j] = 1;
  for (Index j = (n - 1) / block * block; j >= 0; j -= block) {
    const Index rows = std::min(block, n - j);
    reflect(true, n - j, q + j * m + j, a + j * m + j, rows, m - j, triangles.data() + j * block);
  }
  for (Index j = 0; j < n; ++j)
    for (Index i = 0; i < m; ++i) q[j * m + i] *= signs[size(j)];
}

}  // namespace fanin::kernels
