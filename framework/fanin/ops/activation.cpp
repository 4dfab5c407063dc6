#include <cmath>

#include <fanin/autograd/node.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/kernels/pointwise/activation_facts.hpp>
#include <fanin/kernels/pointwise/prelu.hpp>
#include <fanin/ops/activation.hpp>
#include <fanin/ops/checks.hpp>
#include <fanin/ops/fused_activation.hpp>

namespace fanin::ops {
namespace {

using Kind = Activation::Kind;

struct ActivationOp {
  static constexpr const char* name = "activation";
  Activation activation;
  Tensor kept;  // x or y, whichever the derivative needs

  Activation facts() const { return activation; }
  auto saved() const { return std::array{kept}; }

  Tensor forward(const Tensor& x) {
    Tensor y(x.shape());
    activation_forward(activation, x.numel(), x.data(), y.data());
    kept = backward_needs_input(activation) ? x : y;
    return y;
  }

  void backward(const Tensor& grad_output, Gradients& grads) {
    const bool from_input = backward_needs_input(activation);
    const auto gx = grads.slot(0);
    activation_backward(activation, kept.numel(), from_input ? kept.data() : nullptr,
                        from_input ? nullptr : kept.data(), grad_output.data(), gx.data, gx.accumulate);
  }
};

struct PreluOp {
  static constexpr const char* name = "prelu";
  Tensor x, weight;
  Index batch = 0, channels = 0, inner = 0;

  auto saved() const { return std::array{x, needed(weight, x)}; }

  Tensor forward(const Tensor& input, const Tensor& w) {
    x = input, weight = w;
    const bool shared = w.numel() == 1;
    batch = shared ? 1 : x.size(0);
    channels = w.numel();
    inner = shared ? x.numel() : count(x.shape(), 2, x.rank());
    Tensor y(x.shape());
    kernels::prelu_forward(batch, channels, inner, x.data(), weight.data(), y.data());
    return y;
  }

  void backward(const Tensor& grad_output, Gradients& grads) {
    if (grads.wanted(0)) {
      const auto gx = grads.slot(0);
      kernels::prelu_backward_data(batch, channels, inner, x.data(), weight.data(), grad_output.data(),
                                   gx.data, gx.accumulate);
    }
    if (grads.wanted(1)) {
      const auto gw = grads.slot(1);
      kernels::prelu_backward_weight(batch, channels, inner, x.data(), grad_output.data(), gw.data,
                                     gw.accumulate);
    }
  }
};

}  // namespace

void require_activation(const char* op, Activation activation) {
  if (kernels::facts(activation.kind).option && !std::isfinite(activation.parameter)) {
    fail("{}: an activation's parameter must be finite: got {}", op, activation.parameter);
  }
  if (activation.kind == Kind::softplus && activation.parameter <= 0) {
    fail("{}: softplus needs a beta above 0: got {}", op, activation.parameter);
  }
}

Tensor activate(const Tensor& x, Activation activation) {
  require_defined("activation", "input", x);
  require_activation("activation", activation);
  if (activation.kind == Kind::none) return x;
  return record(ActivationOp{activation, {}}, x);
}

Tensor relu(const Tensor& x) { return activate(x, {Kind::relu}); }
Tensor leaky_relu(const Tensor& x, double negative_slope) {
  return activate(x, {Kind::leaky_relu, static_cast<real>(negative_slope)});
}
Tensor elu(const Tensor& x, double alpha) { return activate(x, {Kind::elu, static_cast<real>(alpha)}); }
Tensor selu(const Tensor& x) { return activate(x, {Kind::selu}); }
Tensor gelu(const Tensor& x) { return activate(x, {Kind::gelu}); }
Tensor sigmoid(const Tensor& x) { return activate(x, {Kind::sigmoid}); }
Tensor tanh(const Tensor& x) { return activate(x, {Kind::tanh}); }
Tensor softplus(const Tensor& x, double beta) {
  return activate(x, {Kind::softplus, static_cast<real>(beta)});
}
Tensor silu(const Tensor& x) { return activate(x, {Kind::silu}); }
Tensor sine(const Tensor& x, double omega) { return activate(x, {Kind::sine, static_cast<real>(omega)}); }
Tensor mish(const Tensor& x) { return activate(x, {Kind::mish}); }
Tensor relu6(const Tensor& x) { return activate(x, {Kind::relu6}); }
Tensor hardtanh(const Tensor& x) { return activate(x, {Kind::hardtanh}); }
Tensor hardswish(const Tensor& x) { return activate(x, {Kind::hardswish}); }
Tensor softsign(const Tensor& x) { return activate(x, {Kind::softsign}); }

Tensor prelu(const Tensor& x, const Tensor& weight) {
  require_defined("prelu", "input", x);
  require_rank("prelu", "weight", weight, 1, "[1] or [channels]");
  if (weight.size(0) != 1 && (x.rank() < 2 || x.size(1) != weight.size(0))) {
    fail("prelu: weight {} does not fit input {}: it must be [1] or one slope a channel of [N, C, ...]",
         weight.shape().to_string(), x.shape().to_string());
  }
  return record(PreluOp{}, x, weight);
}

}  // namespace fanin::ops
