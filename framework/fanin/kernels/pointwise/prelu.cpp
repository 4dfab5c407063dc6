#include <fanin/core/parallel.hpp>
#include <fanin/kernels/pointwise/prelu.hpp>
#include <fanin/kernels/reduce/reduce.hpp>

#define FANIN_KERNEL_SOURCE <fanin/kernels/pointwise/prelu.cpp>
#include <fanin/kernels/simd/for_each_isa.inl>

#ifdef FANIN_VECTOR_BYTES  // for each instruction set
#include <fanin/kernels/simd/vector.inl>

void prelu(Index n, const real* x, real slope, real* y) {
  Index i = 0;
  for (; i + lanes <= n; i += lanes) {
    const Vec v = load(x + i);
    store(y + i, v > real(0) ? v : slope * v);
  }
  for (; i < n; ++i) y[i] = x[i] > 0 ? x[i] : slope * x[i];
}

void prelu_gradient(Index n, const real* x, real slope, const real* grad_y, real* grad_x, bool accumulate) {
  Index i = 0;
  for (; i + lanes <= n; i += lanes) {
    const Vec g = load(grad_y + i), d = load(x + i) > real(0) ? g : slope * g;
    store(grad_x + i, accumulate ? load(grad_x + i) + d : d);
  }
  for (; i < n; ++i) {
    const real d = x[i] > 0 ? grad_y[i] : slope * grad_y[i];
    grad_x[i] = accumulate ? grad_x[i] + d : d;
  }
}

#else  // once

namespace fanin::kernels {

void prelu_forward(Index batch, Index channels, Index inner, const real* x, const real* w, real* y) {
  parallel_for(batch, [&](Index n) {
    for (Index c = 0; c < channels; ++c) {
      const Index at = (n * channels + c) * inner;
      FANIN_BY_ISA(prelu(inner, x + at, w[c], y + at));
    }
  });
}

void prelu_backward_data(Index batch, Index channels, Index inner, const real* x, const real* w,
                         const real* grad_y, real* grad_x, bool accumulate) {
  parallel_for(batch, [&](Index n) {
    for (Index c = 0; c < channels; ++c) {
      const Index at = (n * channels + c) * inner;
      FANIN_BY_ISA(prelu_gradient(inner, x + at, w[c], grad_y + at, grad_x + at, accumulate));
    }
  });
}

void prelu_backward_weight(Index batch, Index channels, Index inner, const real* x, const real* grad_y,
                           real* grad_w, bool accumulate) {
  parallel_for(channels, [&](Index c) {
    double total = accumulate ? static_cast<double>(grad_w[c]) : 0.0;
    for (Index n = 0; n < batch; ++n) {
      const Index at = (n * channels + c) * inner;
      total += dot_of_negative(inner, grad_y + at, x + at);
    }
    grad_w[c] = static_cast<real>(total);
  });
}

}  // namespace fanin::kernels

#endif
