#include <algorithm>
#include <cmath>
#include <limits>

#include <fanin/kernels/pieces.hpp>
#include <fanin/kernels/pointwise/activation.hpp>
#include <fanin/kernels/pointwise/activation_facts.hpp>

#ifndef FANIN_VECTOR_BYTES
namespace fanin::kernels {
namespace {

using Kind = Activation::Kind;
constexpr real selu_alpha = real(1.6732632423543772848170429916717);
constexpr real selu_scale = real(1.0507009873554804934193349852946);

}  // namespace
}  // namespace fanin::kernels
#endif

#define FANIN_KERNEL_SOURCE <fanin/kernels/pointwise/activation.cpp>
#include <fanin/kernels/simd/for_each_isa.inl>

#ifdef FANIN_VECTOR_BYTES  // for each instruction set
#include <fanin/kernels/simd/vector_math.inl>

namespace {

/// Within [low, high]; NaN stays NaN.
FANIN_INLINE Vec clamped(Vec v, real low, real high) {
  return v < low ? broadcast(low) : v > high ? broadcast(high) : v;
}
FANIN_INLINE Vec magnitude(Vec v) { return v < real(0) ? -v : v; }

/// grad_x[i] (+)= grad_y[i] · derivative(from[i]).
template <class F>
FANIN_INLINE void map_gradient(Index n, const real* from, const real* grad_y, real* grad_x, bool accumulate,
                               F derivative) {
  Index i = 0;
  if (accumulate) {
    for (; i + lanes <= n; i += lanes)
      store(grad_x + i, load(grad_x + i) + load(grad_y + i) * derivative(load(from + i)));
  } else {
    for (; i + lanes <= n; i += lanes) store(grad_x + i, load(grad_y + i) * derivative(load(from + i)));
  }
  if (i == n) return;
  real from_copy[lanes] = {}, grad_copy[lanes] = {};
  std::copy(from + i, from + n, from_copy);
  std::copy(grad_y + i, grad_y + n, grad_copy);
  store(grad_copy, load(grad_copy) * derivative(load(from_copy)));
  for (Index tail = i; tail < n; ++tail)
    grad_x[tail] = (accumulate ? grad_x[tail] : real(0)) + grad_copy[tail - i];
}

}  // namespace

void activate(Activation activation, Index n, const real* x, real* y) {
  const real p = activation.parameter;
  const auto with = [&](auto f) { map(n, x, y, f); };
  switch (activation.kind) {
    case Kind::none:
      return with([=](Vec v) FANIN_LAMBDA { return v; });
    case Kind::relu:
      return with([=](Vec v) FANIN_LAMBDA { return v < real(0) ? Vec{} : v; });
    case Kind::leaky_relu:
      return with([p](Vec v) FANIN_LAMBDA { return v > real(0) ? v : p * v; });
    case Kind::elu:
      return with([p](Vec v) FANIN_LAMBDA { return v > real(0) ? v : p * expm1_of_negative(v); });
    case Kind::selu:
      return with([=](Vec v) FANIN_LAMBDA {
        return selu_scale * (v > real(0) ? v : selu_alpha * expm1_of_negative(v));
      });
    case Kind::gelu:
      return with([=](Vec v) FANIN_LAMBDA { return v * normal(v).cdf; });
    case Kind::sigmoid:
      return with([=](Vec v) FANIN_LAMBDA { return sigmoid(v); });
    case Kind::tanh:
      return with([=](Vec v) FANIN_LAMBDA { return tanh(v); });
    case Kind::softplus:
      return with([p](Vec v) FANIN_LAMBDA { return p * v > real(20) ? v : softplus(p * v) / p; });
    case Kind::silu:
      return with([=](Vec v) FANIN_LAMBDA { return v / (exp(-v) + real(1)); });
    case Kind::sine:
      return with([p](Vec v) FANIN_LAMBDA { return sine(p * v); });
    case Kind::mish:
      return with([=](Vec v) FANIN_LAMBDA { return v * tanh(softplus(v)); });
    case Kind::relu6:
      return with([=](Vec v) FANIN_LAMBDA { return clamped(v, 0, 6); });
    case Kind::hardtanh:
      return with([=](Vec v) FANIN_LAMBDA { return clamped(v, -1, 1); });
    case Kind::hardswish:
      return with([=](Vec v) FANIN_LAMBDA { return v * clamped(v + real(3), 0, 6) / real(6); });
    case Kind::softsign:
      return with([=](Vec v) FANIN_LAMBDA { return v / (real(1) + magnitude(v)); });
  }
}

/// `from` is x where backward_needs_input, else y.
void differentiate(Activation activation, Index n, const real* from, const real* grad_y, real* grad_x,
                   bool accumulate) {
  const real p = activation.parameter;
  const auto with = [&](auto f) { map_gradient(n, from, grad_y, grad_x, accumulate, f); };
  const Vec one = broadcast(1);
  switch (activation.kind) {
    case Kind::none:
      return with([one](Vec) FANIN_LAMBDA { return one; });
    case Kind::relu:
      return with([one](Vec y) FANIN_LAMBDA { return y <= real(0) ? Vec{} : one; });
    case Kind::leaky_relu:
      return with([one, p](Vec v) FANIN_LAMBDA { return v > real(0) ? one : broadcast(p); });
    case Kind::elu:
      if (p < 0) return with([one, p](Vec x) FANIN_LAMBDA { return x > real(0) ? one : p * exp(x); });
      return with([one, p](Vec y) FANIN_LAMBDA { return y > real(0) ? one : y + p; });
    case Kind::selu:
      return with([=](Vec y) FANIN_LAMBDA {
        return y > real(0) ? broadcast(selu_scale) : y + selu_scale * selu_alpha;
      });
    case Kind::gelu:
      return with([=](Vec x) FANIN_LAMBDA {
        const Normal at = normal(x);
        return at.cdf + x * at.density;
      });
    case Kind::sigmoid:
      return with([=](Vec y) FANIN_LAMBDA { return y * (real(1) - y); });
    case Kind::tanh:
      return with([=](Vec y) FANIN_LAMBDA { return real(1) - y * y; });
    case Kind::softplus:
      return with([one, p](Vec x) FANIN_LAMBDA { return p * x > real(20) ? one : sigmoid(p * x); });
    case Kind::silu:
      return with([=](Vec x) FANIN_LAMBDA {
        const Vec s = sigmoid(x);
        return s * (real(1) + x * (real(1) - s));
      });
    case Kind::sine:
      return with([p](Vec x) FANIN_LAMBDA { return p * cosine(p * x); });
    case Kind::mish:
      return with([=](Vec x) FANIN_LAMBDA {
        const Vec t = tanh(softplus(x));
        return t + x * (real(1) - t * t) * sigmoid(x);
      });
    case Kind::relu6:
      return with([one](Vec y) FANIN_LAMBDA { return y <= real(0) ? Vec{} : y >= real(6) ? Vec{} : one; });
    case Kind::hardtanh:
      return with([one](Vec y) FANIN_LAMBDA { return y <= real(-1) ? Vec{} : y >= real(1) ? Vec{} : one; });
    case Kind::hardswish:
      return with([one](Vec x) FANIN_LAMBDA {
        return x < real(-3) ? Vec{} : x > real(3) ? one : x / real(3) + real(0.5);
      });
    case Kind::softsign:
      return with([=](Vec x) FANIN_LAMBDA {
        const Vec root = real(1) / (real(1) + magnitude(x));
        return root * root;
      });
  }
}

/// y[i] = exp(x[i])
void exponentials(Index n, const real* x, real* y) {
  map(n, x, y, [=](Vec v) FANIN_LAMBDA { return exp(v); });
}

#else  // once

namespace fanin::kernels {

void activation_forward(Activation activation, Index n, const real* x, real* y) {
  each_piece(n, [&](Index i, Index count) { FANIN_BY_ISA(activate(activation, count, x + i, y + i)); });
}

bool backward_needs_input(Activation activation) {
  // With a non-negative slope or alpha, y > 0 exactly when x > 0.
  const bool folds = activation.kind == Kind::leaky_relu || activation.kind == Kind::elu;
  return facts(activation.kind).slope_needs_input || (folds && activation.parameter < 0);
}

void activation_backward(Activation activation, Index n, const real* x, const real* y, const real* grad_y,
                         real* grad_x, bool accumulate) {
  const real* from = backward_needs_input(activation) ? x : y;
  if (activation.kind == Kind::none) from = grad_y;  // which needs neither
  each_piece(n, [&](Index i, Index count) {
    FANIN_BY_ISA(differentiate(activation, count, from + i, grad_y + i, grad_x + i, accumulate));
  });
}

void activation_backward_by_column(Activation activation, Index rows, Index columns, const real* x_or_y,
                                   const real* grad_y, real* grad_x) {
  each_share(columns, 16, 8 * rows * columns, [&](Index column, Index count) {
    for (Index i = column; i < rows * columns; i += columns) {
      FANIN_BY_ISA(differentiate(activation, count, x_or_y + i, grad_y + i, grad_x + i, false));
    }
  });
}

void exponentials(Index n, const real* x, real* y) { FANIN_BY_ISA(exponentials(n, x, y)); }

}  // namespace fanin::kernels

#endif
