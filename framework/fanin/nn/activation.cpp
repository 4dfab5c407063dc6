#include <algorithm>
#include <cmath>

#include <fanin/core/error.hpp>
#include <fanin/core/expression.hpp>
#include <fanin/nn/activation.hpp>
#include <fanin/ops/activation.hpp>

namespace fanin::nn {
namespace {

using Kind = Activation::Kind;

struct Named {
  const char* name;
  const char* layer;
  Kind kind;
  const char* option = nullptr;  // what the parameter is called
  real parameter = 0;            // its default
};

constexpr Named table[] = {{"none", "Identity", Kind::none},
                           {"relu", "ReLU", Kind::relu},
                           {"leaky_relu", "LeakyReLU", Kind::leaky_relu, "negative_slope", real(0.01)},
                           {"elu", "ELU", Kind::elu, "alpha", 1},
                           {"selu", "SELU", Kind::selu},
                           {"gelu", "GELU", Kind::gelu},
                           {"sigmoid", "Sigmoid", Kind::sigmoid},
                           {"tanh", "Tanh", Kind::tanh},
                           {"softplus", "Softplus", Kind::softplus, "beta", 1},
                           {"silu", "SiLU", Kind::silu},
                           {"sine", "Sine", Kind::sine, "omega", 30}};

const Named& entry(Kind kind) {
  return *std::find_if(std::begin(table), std::end(table),
                       [kind](const Named& one) { return one.kind == kind; });
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
ActivationLayer Sine(double omega) { return layer(Kind::sine, omega); }

Activation activation_named(const std::string& text) {
  const Expression call = Expression::parse(text);
  for (const auto& one : table) {
    if (call.name != one.name) continue;
    const Options options(call, "activation",
                          one.option ? std::vector<std::string>{one.option} : std::vector<std::string>{});
    Activation activation{.kind = one.kind, .parameter = one.parameter};
    if (one.option) {
      activation.parameter =
          static_cast<real>(options.number(one.option, static_cast<double>(one.parameter)));
      if (!std::isfinite(activation.parameter)) options.refuse(one.option, "a number of single precision");
      const bool positive = one.kind == Kind::softplus || one.kind == Kind::sine;
      if (positive && !(activation.parameter > 0)) options.refuse(one.option, "a number > 0");
    }
    return activation;
  }
  fail_usage("unknown activation '{}'{}", call.name, suggest(call.name, activation_names()));
}

std::string activation_name(Activation activation) {
  const Named& one = entry(activation.kind);
  if (!one.option || activation.parameter == one.parameter) return one.name;
  return fmt::format("{}({}={})", one.name, one.option, activation.parameter);
}

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
  weight = add_parameter("weight", {options.parameters}, init::constant(0.25), {1, 1}, options.weight_init);
}

Tensor PReLU::forward(const Tensor& x) { return ops::prelu(x, weight->use()); }

}  // namespace fanin::nn
