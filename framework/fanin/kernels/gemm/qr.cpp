#include <algorithm>
#include <cmath>

#include <fanin/core/memory.hpp>
#include <fanin/kernels/gemm/gemm.hpp>
#include <fanin/kernels/gemm/qr.hpp>

#define FANIN_KERNEL_SOURCE <fanin/kernels/gemm/qr.cpp>
#include <fanin/kernels/simd/for_each_isa.inl>

#ifdef FANIN_VECTOR_BYTES  // for each instruction set
#include <fanin/kernels/simd/vector.inl>

namespace {

FANIN_INLINE real dot(Index n, const real* x, const real* y) {
  Vec sums[4] = {};
  Index i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes)
    unroll<4>([&](auto k)
                  FANIN_LAMBDA { sums[k] = fma(load(x + i + k * lanes), load(y + i + k * lanes), sums[k]); });
  for (; i + lanes <= n; i += lanes) sums[0] = fma(load(x + i), load(y + i), sums[0]);
  real sum = sum_lanes((sums[0] + sums[1]) + (sums[2] + sums[3]));
  for (; i < n; ++i) sum += x[i] * y[i];
  return sum;
}

// y += factor · x
FANIN_INLINE void add_scaled(Index n, real factor, const real* x, real* y) {
  const Vec f = broadcast(factor);
  Index i = 0;
  for (; i + lanes <= n; i += lanes) store(y + i, fma(f, load(x + i), load(y + i)));
  for (; i < n; ++i) y[i] += factor * x[i];
}

}  // namespace

// Turns each of `rows` rows (of `length`, `stride` apart) into the reflector v that carries what the earlier
// ones left of it onto the row's own axis: v = 0 … 0 1 rest, H = 1 - tau v vᵀ. `signs` gets the sign of R's
// diagonal.
void reflect_rows(Index rows, Index length, real* a, Index stride, real* tau, real* signs) {
  for (Index j = 0; j < rows; ++j) {
    real* v = a + j * stride;
    const Index rest = length - j - 1;
    const real alpha = v[j], norm = std::sqrt(dot(rest, v + j + 1, v + j + 1));
    real beta = alpha;
    tau[j] = 0;
    if (norm > 0) {
      beta = -std::copysign(std::hypot(alpha, norm), alpha);
      tau[j] = (beta - alpha) / beta;
      const real scale = 1 / (alpha - beta);
      for (Index i = j + 1; i < length; ++i) v[i] *= scale;
    }
    signs[j] = static_cast<real>((beta > 0) - (beta < 0));
    for (Index i = 0; i < j; ++i) v[i] = 0;
    v[j] = 1;
    if (tau[j] != 0)
      for (Index i = j + 1; i < rows; ++i) {
        real* row = a + i * stride;
        add_scaled(rest + 1, -tau[j] * dot(rest + 1, v + j, row + j), v + j, row + j);
      }
  }
}

#else  // once

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

#endif
