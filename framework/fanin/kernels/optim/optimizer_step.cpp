#include <cmath>

#include <fanin/kernels/optim/optimizer_step.hpp>
#include <fanin/kernels/pieces.hpp>

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

#define FANIN_KERNEL_SOURCE <fanin/kernels/optim/optimizer_step.inl>
#include <fanin/kernels/simd/for_each_isa.inl>

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
