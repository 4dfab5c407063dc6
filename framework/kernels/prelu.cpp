#include "framework/kernels/prelu.hpp"

#include "framework/core/parallel.hpp"

namespace fanin::kernels {

void prelu_forward(Index batch, Index channels, Index inner, const real* x, const real* w, real* y) {
  parallel_for(batch, [&](Index n) {
    for (Index c = 0; c < channels; ++c) {
      const Index plane = (n * channels + c) * inner;
      const real slope = w[c];
      for (Index i = plane; i < plane + inner; ++i) y[i] = x[i] > 0 ? x[i] : slope * x[i];
    }
  });
}

void prelu_backward_data(Index batch, Index channels, Index inner, const real* x, const real* w,
                         const real* grad_y, real* grad_x, bool accumulate) {
  parallel_for(batch, [&](Index n) {
    for (Index c = 0; c < channels; ++c) {
      const Index plane = (n * channels + c) * inner;
      const real slope = w[c];
      for (Index i = plane; i < plane + inner; ++i) {
        const real g = x[i] > 0 ? grad_y[i] : slope * grad_y[i];
        grad_x[i] = accumulate ? grad_x[i] + g : g;
      }
    }
  });
}

void prelu_backward_weight(Index batch, Index channels, Index inner, const real* x, const real* grad_y,
                           real* grad_w, bool accumulate) {
  parallel_for(channels, [&](Index c) {
    double total = accumulate ? static_cast<double>(grad_w[c]) : 0.0;
    for (Index n = 0; n < batch; ++n) {
      const Index plane = (n * channels + c) * inner;
      for (Index i = plane; i < plane + inner; ++i) {
        total += x[i] > 0 ? 0.0 : static_cast<double>(grad_y[i]) * static_cast<double>(x[i]);
      }
    }
    grad_w[c] = static_cast<real>(total);
  });
}

}  // namespace fanin::kernels
