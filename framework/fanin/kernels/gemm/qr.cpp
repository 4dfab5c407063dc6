#include <algorithm>
#include <cmath>

#include <fanin/core/memory.hpp>
#include <fanin/kernels/gemm/products.hpp>
#include <fanin/kernels/gemm/qr.hpp>

#define FANIN_KERNEL_SOURCE <fanin/kernels/gemm/qr.cpp>
#include <fanin/kernels/simd/for_each_isa.inl>

#ifdef FANIN_VECTOR_BYTES  // for each instruction set
#include <fanin/kernels/simd/vector.inl>

namespace {

// Weights are drawn by this, so their bits must not follow from how wide a register is: sums are those of four
// registers of 32 bytes, AVX2's, each made of two narrow ones or half of a wide one.
constexpr Index group = 32 / static_cast<Index>(sizeof(real)), filled = std::min<Index>(lanes, group);

template <int n>
FANIN_INLINE real sum_of(const Vec (&s)[n]) {
  if constexpr (n == 8) {
    return sum_lanes(((s[0] + s[2]) + (s[4] + s[6])) + ((s[1] + s[3]) + (s[5] + s[7])));
  } else if constexpr (n == 4) {
    return sum_lanes((s[0] + s[1]) + (s[2] + s[3]));
  } else {
    return [&]<int... l>(std::integer_sequence<int, l...>) FANIN_LAMBDA {
      return sum_lanes<lanes / 2>((s[0] + __builtin_shufflevector(s[0], s[0], ((l + lanes / 2) % lanes)...)) +
                                  (s[1] + __builtin_shufflevector(s[1], s[1], ((l + lanes / 2) % lanes)...)));
    }
    (std::make_integer_sequence<int, lanes>{});
  }
}

FANIN_INLINE real dot(Index n, const real* x, const real* y) {
  constexpr int count = static_cast<int>(4 * group / lanes), of_group = std::max(1, count / 4);
  Vec sums[count] = {};
  Index i = 0;
  for (; i + 4 * group <= n; i += 4 * group)
    unroll<count>([&](auto k) FANIN_LAMBDA {
      sums[k] = fma(load(x + i + k * lanes), load(y + i + k * lanes), sums[k]);
    });
  for (; i + group <= n; i += group)
    unroll<of_group>([&](auto k) FANIN_LAMBDA {
      sums[k] = fma(load_first(x + i + k * lanes, filled), load_first(y + i + k * lanes, filled), sums[k]);
    });
  real sum = sum_of(sums);
  for (; i < n; ++i) sum += x[i] * y[i];
  return sum;
}

// y += factor · x
FANIN_INLINE void add_scaled(Index n, real factor, const real* x, real* y) {
  const Vec f = broadcast(factor);
  const Index in_groups = n - n % group;
  Index i = 0;
  for (; i + lanes <= in_groups; i += lanes) store(y + i, fma(f, load(x + i), load(y + i)));
  if (i < in_groups) store_first(y + i, filled, fma(f, load_first(x + i, filled), load_first(y + i, filled)));
  for (i = in_groups; i < n; ++i) y[i] += factor * x[i];
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
  gemm_by(Products::own, rows, rows, length, {v, stride}, {v, stride, true}, products, rows, false);
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
    gemm_by(Products::own, count, reflectors, length, {rows, m}, {v, m, true}, w.data(), reflectors, false);
    gemm_by(Products::own, count, reflectors, reflectors, {w.data(), reflectors},
            {negative_t, reflectors, transposed}, wt.data(), reflectors, false);
    gemm_by(Products::own, count, length, reflectors, {wt.data(), reflectors}, {v, m}, rows, m, true);
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
