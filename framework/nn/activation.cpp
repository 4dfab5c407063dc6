#include "framework/nn/activation.hpp"

#include <algorithm>

#include "framework/core/error.hpp"
#include "framework/ops/activation.hpp"

namespace fanin::nn {
namespace {

using Kind = Activation::Kind;

struct Named {
  const char* name;
  const char* layer;
  Kind kind;
  double parameter;
};

constexpr Named table[] = {
    {"none", "Identity", Kind::none, 0},        {"relu", "ReLU", Kind::relu, 0},
    {"leaky_relu", "LeakyReLU", Kind::leaky_relu, 0.01}, {"elu", "ELU", Kind::elu, 1},
    {"selu", "SELU", Kind::selu, 0},            {"gelu", "GELU", Kind::gelu, 0},
    {"sigmoid", "Sigmoid", Kind::sigmoid, 0},   {"tanh", "Tanh", Kind::tanh, 0},
    {"softplus", "Softplus", Kind::softplus, 1}, {"silu", "SiLU", Kind::silu, 0},
};

const Named& entry(Kind kind) {
  return *std::find_if(std::begin(table), std::end(table), [kind](const Named& one) { return one.kind == kind; });
}

ActivationLayer layer(Kind kind, double parameter) {
  return ActivationLayer(Activation{.kind = kind, .parameter = static_cast<real>(parameter)});
}

}  // namespace

std::string ActivationLayer::kind() const { return entry(activation_.kind).layer; }
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

Activation activation_named(const std::string& name) {
  for (const auto& one : table) {
    if (name == one.name) return {.kind = one.kind, .parameter = static_cast<real>(one.parameter)};
  }
  fail_usage("unknown activation '{}'{}", name, suggest(name, activation_names()));
}

std::string activation_name(Activation activation) { return entry(activation.kind).name; }

const std::vector<std::string>& activation_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const auto& one : table) all.emplace_back(one.name);
    return all;
  }();
  return names;
}

PReLU::PReLU(PReLUOptions options) {
  if (options.parameters < 1) fail("PReLU: parameters must be at least 1, got {}", options.parameters);
  weight = add_parameter("weight", {options.parameters}, options.weight_init.value_or(init::constant(0.25)), {1, 1});
}

Tensor PReLU::forward(const Tensor& x) { return ops::prelu(x, weight->use()); }

}  // namespace fanin::nn
