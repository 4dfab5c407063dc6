#include <cmath>

#include <fanin/kernels/optim/optimizer_step.hpp>
#include <fanin/kernels/pieces.hpp>

#ifndef FANIN_VECTOR_BYTES
namespace fanin::kernels {
namespace {

/// The steps' settings as the loops use them, derived once in double as PyTorch does.
struct SgdNumbers {
  real lr, momentum, keep, decay;
  bool nesterov, first;
};
struct AdamNumbers {
  real step_size, root, beta1, beta2, fresh1, fresh2, eps, shrink, decay;
};
struct RmspropNumbers {
  real lr, alpha, fresh, eps, decay, momentum;
};

}  // namespace
}  // namespace fanin::kernels
#endif

#define FANIN_KERNEL_SOURCE <fanin/kernels/optim/optimizer_step.cpp>
#include <fanin/kernels/simd/for_each_isa.inl>

#ifdef FANIN_VECTOR_BYTES  // for each instruction set
#include <fanin/kernels/simd/vector.inl>

namespace {

/// body(load, store) for each vector of elements: load(p) reads p's elements there, store(p, v) writes them;
/// the last few are padded with zeros, so that every element meets the same arithmetic.
template <class Body>
FANIN_INLINE void each_vector(Index n, Body body) {
  Index i = 0;
  for (; i + lanes <= n; i += lanes) {
    body([i](const real* p) FANIN_LAMBDA { return load(p + i); },
         [i](real* p, Vec v) FANIN_LAMBDA { store(p + i, v); });
  }
  if (i == n) return;
  body([=](const real* p) FANIN_LAMBDA { return load_first(p + i, n - i); },
       [=](real* p, Vec v) FANIN_LAMBDA { store_first(p + i, n - i, v); });
}

}  // namespace

void sgd_step(Index n, real* w, const real* g, real* buffer, const SgdNumbers& s) {
  if (!buffer) {
    if (s.decay == 0) {
      each_vector(n, [&](auto load, auto store) FANIN_LAMBDA { store(w, load(w) - s.lr * load(g)); });
    } else {
      each_vector(n, [&](auto load, auto store)
                         FANIN_LAMBDA { store(w, load(w) - s.lr * (load(g) + s.decay * load(w))); });
    }
    return;
  }
  each_vector(n, [&](auto load, auto store) FANIN_LAMBDA {
    const Vec before = load(w), d = s.decay == 0 ? load(g) : load(g) + s.decay * before;
    const Vec velocity = s.first ? d : s.momentum * load(buffer) + s.keep * d;
    store(buffer, velocity);
    store(w, before - s.lr * (s.nesterov ? d + s.momentum * velocity : velocity));
  });
}

void adam_step(Index n, real* w, const real* g, real* m, real* v, const AdamNumbers& s) {
  each_vector(n, [&](auto load, auto store) FANIN_LAMBDA {
    const Vec before = load(w) * s.shrink, d = s.decay == 0 ? load(g) : load(g) + s.decay * before;
    const Vec mean = s.beta1 * load(m) + s.fresh1 * d, square = s.beta2 * load(v) + s.fresh2 * d * d;
    store(m, mean);
    store(v, square);
    store(w, before - s.step_size * (mean / (square_root(square) / s.root + s.eps)));
  });
}

void rmsprop_step(Index n, real* w, const real* g, real* square_mean, real* grad_mean, real* buffer,
                  const RmspropNumbers& s) {
  each_vector(n, [&](auto load, auto store) FANIN_LAMBDA {
    const Vec before = load(w), d = s.decay == 0 ? load(g) : load(g) + s.decay * before;
    const Vec square = s.alpha * load(square_mean) + s.fresh * d * d;
    store(square_mean, square);
    Vec variance = square;
    if (grad_mean) {
      const Vec mean = s.alpha * load(grad_mean) + s.fresh * d;
      store(grad_mean, mean);
      variance -= mean * mean;
    }
    Vec change = d / (square_root(variance) + s.eps);
    if (buffer) {
      change = s.momentum * load(buffer) + change;
      store(buffer, change);
    }
    store(w, before - s.lr * change);
  });
}

#else  // once

namespace fanin::kernels {
namespace {

real* part(real* p, Index first) { return p ? p + first : nullptr; }

}  // namespace

void sgd_step(Index n, real* w, const real* g, real* momentum_buffer, const SgdStep& step) {
  const SgdNumbers s{.lr = real(step.lr),
                     .momentum = real(step.momentum),
                     .keep = real(1 - step.dampening),
                     .decay = real(step.weight_decay),
                     .nesterov = step.nesterov,
                     .first = step.first};
  real* buffer = step.momentum != 0 ? momentum_buffer : nullptr;
  each_piece(n,
             [&](Index i, Index count) { FANIN_BY_ISA(sgd_step(count, w + i, g + i, part(buffer, i), s)); });
}

void adam_step(Index n, real* w, const real* g, real* m, real* v, const AdamStep& step) {
  const double count = static_cast<double>(step.step);
  const AdamNumbers s{.step_size = real(step.lr / (1 - std::pow(step.beta1, count))),
                      .root = real(std::sqrt(1 - std::pow(step.beta2, count))),
                      .beta1 = real(step.beta1),
                      .beta2 = real(step.beta2),
                      .fresh1 = real(1 - step.beta1),
                      .fresh2 = real(1 - step.beta2),
                      .eps = real(step.eps),
                      .shrink = step.decoupled ? real(1 - step.lr * step.weight_decay) : real(1),
                      .decay = step.decoupled ? real(0) : real(step.weight_decay)};
  each_piece(n, [&](Index i, Index piece) { FANIN_BY_ISA(adam_step(piece, w + i, g + i, m + i, v + i, s)); });
}

void rmsprop_step(Index n, real* w, const real* g, real* square_mean, real* grad_mean, real* momentum_buffer,
                  const RmspropStep& step) {
  const RmspropNumbers s{.lr = real(step.lr),
                         .alpha = real(step.alpha),
                         .fresh = real(1 - step.alpha),
                         .eps = real(step.eps),
                         .decay = real(step.weight_decay),
                         .momentum = real(step.momentum)};
  real* buffer = step.momentum != 0 ? momentum_buffer : nullptr;
  each_piece(n, [&](Index i, Index count) {
    FANIN_BY_ISA(rmsprop_step(count, w + i, g + i, square_mean + i, part(grad_mean, i), part(buffer, i), s));
  });
}

}  // namespace fanin::kernels

#endif
