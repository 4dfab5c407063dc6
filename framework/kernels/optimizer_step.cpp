#include "framework/kernels/optimizer_step.hpp"

#include <cmath>

namespace fanin::kernels {

void sgd_step(Index n, real* w, const real* g, real* momentum_buffer, const SgdStep& step) {
  const real lr = real(step.lr), momentum = real(step.momentum), keep = real(1 - step.dampening);
  const real decay = real(step.weight_decay);
  for (Index i = 0; i < n; ++i) {
    real d = g[i] + decay * w[i];
    if (momentum != 0) {
      real& buffer = momentum_buffer[i];
      buffer = step.first ? d : momentum * buffer + keep * d;
      d = step.nesterov ? d + momentum * buffer : buffer;
    }
    w[i] -= lr * d;
  }
}

void adam_step(Index n, real* w, const real* g, real* m, real* v, const AdamStep& step) {
  const double count = static_cast<double>(step.step);
  const real step_size = real(step.lr / (1 - std::pow(step.beta1, count)));
  const real root = real(std::sqrt(1 - std::pow(step.beta2, count)));
  const real beta1 = real(step.beta1), beta2 = real(step.beta2), eps = real(step.eps);
  const real fresh1 = real(1 - step.beta1), fresh2 = real(1 - step.beta2);
  const real shrink = step.decoupled ? real(1 - step.lr * step.weight_decay) : real(1);
  const real decay = step.decoupled ? real(0) : real(step.weight_decay);
  for (Index i = 0; i < n; ++i) {
    const real before = w[i] * shrink;
    const real d = g[i] + decay * before;
    m[i] = beta1 * m[i] + fresh1 * d;
    v[i] = beta2 * v[i] + fresh2 * d * d;
    w[i] = before - step_size * (m[i] / (std::sqrt(v[i]) / root + eps));
  }
}

void rmsprop_step(Index n, real* w, const real* g, real* square_mean, real* grad_mean, real* momentum_buffer,
                  const RmspropStep& step) {
  const real lr = real(step.lr), alpha = real(step.alpha), fresh = real(1 - step.alpha), eps = real(step.eps);
  const real decay = real(step.weight_decay), momentum = real(step.momentum);
  for (Index i = 0; i < n; ++i) {
    const real d = g[i] + decay * w[i];
    square_mean[i] = alpha * square_mean[i] + fresh * d * d;
    real variance = square_mean[i];
    if (grad_mean) {
      grad_mean[i] = alpha * grad_mean[i] + fresh * d;
      variance -= grad_mean[i] * grad_mean[i];
    }
    real change = d / (std::sqrt(variance) + eps);
    if (momentum != 0) change = momentum_buffer[i] = momentum * momentum_buffer[i] + change;
    w[i] -= lr * change;
  }
}

}  // namespace fanin::kernels
