#include "framework/kernels/activation.hpp"

#include <cmath>

namespace fanin::kernels {
namespace {

using Kind = Activation::Kind;
constexpr real selu_alpha = real(1.6732632423543772848170429916717);
constexpr real selu_scale = real(1.0507009873554804934193349852946);

real forward_one(Activation activation, real x) {
  const real p = activation.parameter;
  switch (activation.kind) {
    case Kind::none:
      return x;
    case Kind::relu:
      return x < 0 ? real(0) : x;
    case Kind::leaky_relu:
      return x > 0 ? x : p * x;
    case Kind::elu:
      return x > 0 ? x : p * std::expm1(x);
    case Kind::selu:
      return x > 0 ? selu_scale * x : selu_scale * selu_alpha * std::expm1(x);
    case Kind::gelu:
      return x * real(0.5) * (1 + std::erf(x * real(M_SQRT1_2)));
    case Kind::sigmoid:
      return 1 / (1 + std::exp(-x));
    case Kind::tanh:
      return std::tanh(x);
    case Kind::softplus:
      return p * x > 20 ? x : std::log1p(std::exp(p * x)) / p;
    case Kind::silu:
      return x / (1 + std::exp(-x));
  }
  return x;
}

real derivative_one(Activation activation, real x, real y) {
  const real p = activation.parameter;
  switch (activation.kind) {
    case Kind::none:
      return 1;
    case Kind::relu:
      return y <= 0 ? real(0) : real(1);
    case Kind::leaky_relu:
      return (p < 0 ? x : y) > 0 ? real(1) : p;
    case Kind::elu:
      return p < 0 ? (x > 0 ? real(1) : p * std::exp(x)) : (y > 0 ? real(1) : y + p);
    case Kind::selu:
      return y > 0 ? selu_scale : y + selu_scale * selu_alpha;
    case Kind::gelu: {
      const real cdf = real(0.5) * (1 + std::erf(x * real(M_SQRT1_2)));
      return cdf + x * std::exp(real(-0.5) * x * x) * real(0.5 * M_2_SQRTPI * M_SQRT1_2);
    }
    case Kind::sigmoid:
      return y * (1 - y);
    case Kind::tanh:
      return 1 - y * y;
    case Kind::softplus:
      return p * x > 20 ? real(1) : 1 / (1 + std::exp(-p * x));
    case Kind::silu: {
      const real s = 1 / (1 + std::exp(-x));
      return s * (1 + x * (1 - s));
    }
  }
  return 1;
}

}  // namespace

void activation_forward(Activation activation, Index n, const real* x, real* y) {
  for (Index i = 0; i < n; ++i) y[i] = forward_one(activation, x[i]);
}

bool backward_needs_input(Activation activation) {
  switch (activation.kind) {
    case Kind::gelu:
    case Kind::softplus:
    case Kind::silu:
      return true;
    // With a non-negative slope or alpha, y > 0 exactly when x > 0.
    case Kind::leaky_relu:
    case Kind::elu:
      return activation.parameter < 0;
    default:
      return false;
  }
}

void activation_backward(Activation activation, Index n, const real* x, const real* y, const real* grad_y,
                         real* grad_x, bool accumulate) {
  for (Index i = 0; i < n; ++i) {
    const real g = grad_y[i] * derivative_one(activation, x ? x[i] : 0, y ? y[i] : 0);
    grad_x[i] = accumulate ? grad_x[i] + g : g;
  }
}

}  // namespace fanin::kernels
