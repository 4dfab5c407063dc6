#include <algorithm>

#include <fanin/kernels/gemm/linear_step.hpp>
#include <fanin/kernels/gemm/products.hpp>
#include <fanin/kernels/workspace.hpp>

#define FANIN_KERNEL_SOURCE <fanin/kernels/gemm/linear_step.cpp>
#include <fanin/kernels/simd/for_each_isa.inl>

#ifdef FANIN_VECTOR_BYTES  // for each instruction set
#include <fanin/kernels/simd/vector.inl>

namespace {

/// w after a step, rounded as sgd_step does.
template <bool decays, class V>
FANIN_INLINE V moved(V w, V g, real lr, real decay) {
  if constexpr (decays) return w - lr * (g + decay * w);
  return w - lr * g;
}

template <bool decays>
void move_rows(Index rows, Index columns, const real* g, Index g_stride, real* w, Index w_stride, real lr,
               real decay) {
  for (Index r = 0; r < rows; ++r, g += g_stride, w += w_stride) {
    Index i = 0;
    for (; i + lanes <= columns; i += lanes) store(w + i, moved<decays>(load(w + i), load(g + i), lr, decay));
    for (; i < columns; ++i) w[i] = moved<decays>(w[i], g[i], lr, decay);
  }
}

/// One sample's gradient is grad ⊗ x, its last few columns added to 0 (outer_product).
template <bool decays>
void move_by_outer_product(Index in, Index out, const real* grad, const real* x, real* w, real lr,
                           real decay) {
  for (Index o = 0; o < out; ++o, w += in) {
    const Vec g = broadcast(grad[o]);
    Index i = 0;
    for (; i + lanes <= in; i += lanes) store(w + i, moved<decays>(load(w + i), g * load(x + i), lr, decay));
    for (; i < in; ++i) w[i] = moved<decays>(w[i], real(0) + grad[o] * x[i], lr, decay);
  }
}

}  // namespace

void step_of_one_sample(Index in, Index out, const real* grad, const real* x, real* w, real lr, real decay) {
  (decay == 0 ? move_by_outer_product<false> : move_by_outer_product<true>)(in, out, grad, x, w, lr, decay);
}

void step_of_rows(Index rows, Index columns, const real* g, Index g_stride, real* w, Index w_stride, real lr,
                  real decay) {
  (decay == 0 ? move_rows<false> : move_rows<true>)(rows, columns, g, g_stride, w, w_stride, lr, decay);
}

#else  // once

namespace fanin::kernels {

void linear_step_weight(Index batch, Index in, Index out, const real* x, const real* grad_pre, real* w,
                        const SgdStep& step) {
  constexpr Index unit = 16, block = 64;  // as linear_backward_weight
  const real lr = real(step.lr), decay = real(step.weight_decay);
  each_product_share(
      out, unit, in, batch == 1 ? std::max<Index>(in, 1) : block, batch * in * out,
      [&](Index row, Index rows, Index first, Index count) {
        if (batch == 1) {
          FANIN_BY_ISA(step_of_one_sample(in, rows, grad_pre + row, x, w + row * in, lr, decay));
          return;
        }
        // The gradient's last terms are added a strip at a time, which is used while it is in the cache; those
        // of a large batch's first samples wait for them in memory, so that grad_pre is read as often as in
        // linear_backward_weight.
        constexpr Index strip = 32, last_terms = 256;
        const Index before = std::max<Index>(batch - last_terms, 0);
        const Index stride = before > 0 ? count : strip;
        Workspace<> gradient(rows * stride);
        const Matrix grad{grad_pre + row, out, true}, samples{x + first, in};
        if (before > 0) gemm_block(rows, count, before, grad, samples, gradient.data(), stride, false);
        for (Index column = 0; column < count; column += strip) {
          const Index columns = std::min(strip, count - column);
          real* g = gradient.data() + (before > 0 ? column : 0);
          gemm_block(rows, columns, batch - before, grad.from(0, before), samples.from(before, column), g,
                     stride, before > 0);
          FANIN_BY_ISA(step_of_rows(rows, columns, g, stride, w + row * in + first + column, in, lr, decay));
        }
      });
}

}  // namespace fanin::kernels

#endif
