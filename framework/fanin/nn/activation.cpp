#include <cmath>

#include <fanin/core/expression.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/kernels/pointwise/activation_facts.hpp>
#include <fanin/nn/activation.hpp>
#include <fanin/ops/activation.hpp>

namespace fanin::nn {
namespace {

using Kind = Activation::Kind;

ActivationLayer layer(Kind kind, double parameter) {
  return ActivationLayer(Activation{.kind = kind, .parameter = static_cast<real>(parameter)});
}

}  // namespace

std::string ActivationLayer::kind() const { return kernels::facts(activation_.kind).layer; }
Tensor ActivationLayer::forward(const Tensor& x) { return ops::activate(x, activation_); }

ActivationLayer ReLU() { return layer(Kind::relu, 0); }
ActivationLayer LeakyReLU(double negative_slope) { return layer(Kind::leaky_relu, negative_slope); }
ActivationLayer ELU(double alpha) { return layer(Kind::elu, alpha); }
ActivationLayer SELU() { return layer(Kind::selu, 0); }
ActivationLayer GELU() { return layer(Kind::gelu, 0); }
ActivationLayer Sigmoid() { return layer(Kind::sigmoid, 0); }
ActivationLayer Tanh() { return layer(Kind::tanh, 0); }
ActivationLayer Softplus(double beta) { return layer(Kind::softplus, beta); }
ActivationLayer SiLU() { return layer(Kind::silu, 0); }
ActivationLayer Sine(double omega) { return layer(Kind::sine, omega); }
ActivationLayer Mish() { return layer(Kind::mish, 0); }
ActivationLayer ReLU6() { return layer(Kind::relu6, 0); }
ActivationLayer Hardtanh() { return layer(Kind::hardtanh, 0); }
ActivationLayer Hardswish() { return layer(Kind::hardswish, 0); }
ActivationLayer Softsign() { return layer(Kind::softsign, 0); }

std::optional<Activation> activation_of(const Module& module) {
  const auto* layer = dynamic_cast<const ActivationLayer*>(&module);
  return layer ? std::optional(layer->activation()) : std::nullopt;
}

Activation activation_named(const std::string& text) {
  const CallExpression call = CallExpression::parse(text);
  const auto* one = kernels::find_activation(call.name);
  if (!one) fail_usage("unknown activation '{}'{}", call.name, suggest(call.name, activation_names()));
  if (!one->option) {
    CallOptions(call, "activation", {});
    return {.kind = one->kind};
  }
  const CallOptions options(call, "activation", {one->option});
  const auto parameter = static_cast<real>(options.number(one->option, one->parameter));
  if (!std::isfinite(parameter)) options.refuse(one->option, "a number of single precision");
  if (one->positive && !(parameter > 0)) options.refuse(one->option, "a number > 0");
  return {.kind = one->kind, .parameter = parameter};
}

std::string activation_name(Activation activation) {
  const auto& one = kernels::facts(activation.kind);
  if (!one.option || activation.parameter == static_cast<real>(one.parameter)) return one.name;
  return fmt::format("{}({}={})", one.name, one.option, activation.parameter);
}

const std::vector<std::string>& activation_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const auto& one : kernels::activations()) all.emplace_back(one.name);
    return all;
  }();
  return names;
}

PReLU::PReLU(PReLUOptions options) {
  if (options.parameters < 1) fail("PReLU: parameters must be at least 1, got {}", options.parameters);
  weight = add_parameter("weight", {options.parameters}, init::constant(0.25), {1, 1}, options.weight_init);
}

Tensor PReLU::forward(const Tensor& x) { return ops::prelu(x, weight->use()); }

}  // namespace fanin::nn
