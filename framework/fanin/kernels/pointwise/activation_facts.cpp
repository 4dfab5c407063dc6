#include <algorithm>
#include <cmath>
#include <numbers>

#include <fanin/kernels/pointwise/activation_facts.hpp>

namespace fanin::kernels {
namespace {

using Kind = Activation::Kind;

constexpr double selu_alpha = 1.6732632423543772848, selu_scale = 1.0507009873554804934;

double sigmoid(double x) { return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); }
double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }
double normal_cdf(double x) { return std::erfc(-x / std::numbers::sqrt2) / 2; }
double normal_density(double x) { return std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi); }

constexpr ActivationFacts table[] = {
    {.kind = Kind::none,
     .name = "none",
     .layer = "Identity",
     .f = [](double x, double) { return x; },
     .slope = [](double, double) { return 1.0; },
     .torch_gain = [](double) { return 1.0; },
     .gain_remark = "exact"},
    {.kind = Kind::relu,
     .name = "relu",
     .layer = "ReLU",
     .f = [](double x, double) { return x > 0 ? x : 0; },
     .slope = [](double x, double) { return x > 0 ? 1.0 : 0; },
     .torch_gain = [](double) { return std::sqrt(2.0); },
     .gain_remark = "exact: √2 both ways"},
    {.kind = Kind::leaky_relu,
     .name = "leaky_relu",
     .layer = "LeakyReLU",
     .f = [](double x, double a) { return x > 0 ? x : a * x; },
     .slope = [](double x, double a) { return x > 0 ? 1 : a; },
     .option = "negative_slope",
     .parameter = 0.01,
     .torch_gain = [](double a) { return std::sqrt(2.0 / (1 + a * a)); },
     .gain_remark = "exact: √(2 / (1 + a²)) both ways"},
    {.kind = Kind::tanh,
     .name = "tanh",
     .layer = "Tanh",
     .f = [](double x, double) { return std::tanh(x); },
     .slope = [](double x, double) { return 1 / (std::cosh(x) * std::cosh(x)); },
     .torch_gain = [](double) { return 5.0 / 3; },
     .gain_remark =
         "a convention: 5/3 keeps neither; it is near the forward gain and leaves a deep net slightly chaotic",
     .low = -1,
     .high = 1},
    {.kind = Kind::selu,
     .name = "selu",
     .layer = "SELU",
     .f = [](double x, double) { return selu_scale * (x > 0 ? x : selu_alpha * std::expm1(x)); },
     .slope = [](double x, double) { return selu_scale * (x > 0 ? 1 : selu_alpha * std::exp(x)); },
     .torch_gain = [](double) { return 3.0 / 4; },
     .gain_remark = "a convention: SELU keeps variance 1 with gain 1; 3/4 was chosen for stable gradients"},
    {.kind = Kind::sigmoid,
     .name = "sigmoid",
     .layer = "Sigmoid",
     .f = [](double x, double) { return sigmoid(x); },
     .slope = [](double x, double) { return sigmoid(x) * sigmoid(-x); },
     .torch_gain = [](double) { return 1.0; },
     .gain_remark = "a convention: 1 ignores the slope of 1/4; keeping the gradient takes more than 4",
     .low = 0,
     .high = 1},
    {.kind = Kind::gelu,
     .name = "gelu",
     .layer = "GELU",
     .f = [](double x, double) { return x * normal_cdf(x); },
     .slope = [](double x, double) { return normal_cdf(x) + x * normal_density(x); },
     .slope_needs_input = true},
    {.kind = Kind::silu,
     .name = "silu",
     .layer = "SiLU",
     .f = [](double x, double) { return x * sigmoid(x); },
     .slope = [](double x, double) { return sigmoid(x) * (1 + x * (1 - sigmoid(x))); },
     .slope_needs_input = true},
    {.kind = Kind::elu,
     .name = "elu",
     .layer = "ELU",
     .f = [](double x, double alpha) { return x > 0 ? x : alpha * std::expm1(x); },
     .slope = [](double x, double alpha) { return x > 0 ? 1 : alpha * std::exp(x); },
     .option = "alpha",
     .parameter = 1},
    {.kind = Kind::softplus,
     .name = "softplus",
     .layer = "Softplus",
     .f = [](double x, double beta) { return softplus(beta * x) / beta; },
     .slope = [](double x, double beta) { return sigmoid(beta * x); },
     .option = "beta",
     .parameter = 1,
     .positive = true,
     .slope_needs_input = true,
     .gain_remark = "not in PyTorch's table; its output has a large mean"},
    {.kind = Kind::sine,
     .name = "sine",
     .layer = "Sine",
     .f = [](double x, double omega) { return std::sin(omega * x); },
     .slope = [](double x, double omega) { return omega * std::cos(omega * x); },
     .option = "omega",
     .parameter = 30,
     .positive = true,
     .slope_needs_input = true,
     .gain_remark =
         "at omega = 30: √2 forward; backward √2 / omega, which is what siren's U(±√(6/fan_in)/omega) has"},
    {.kind = Kind::mish,
     .name = "mish",
     .layer = "Mish",
     .f = [](double x, double) { return x * std::tanh(softplus(x)); },
     .slope =
         [](double x, double) {
           const double t = std::tanh(softplus(x));
           return t + x * (1 - t * t) * sigmoid(x);
         },
     .slope_needs_input = true},
    {.kind = Kind::relu6,
     .name = "relu6",
     .layer = "ReLU6",
     .f = [](double x, double) { return std::clamp(x, 0.0, 6.0); },
     .slope = [](double x, double) { return x > 0 && x < 6 ? 1.0 : 0; },
     .gain_remark = "not in PyTorch's table; relu's √2 while signals stay far below 6"},
    {.kind = Kind::hardtanh,
     .name = "hardtanh",
     .layer = "Hardtanh",
     .f = [](double x, double) { return std::clamp(x, -1.0, 1.0); },
     .slope = [](double x, double) { return x > -1 && x < 1 ? 1.0 : 0; },
     .low = -1,
     .high = 1},
    {.kind = Kind::hardswish,
     .name = "hardswish",
     .layer = "Hardswish",
     .f = [](double x, double) { return x * std::clamp(x + 3, 0.0, 6.0) / 6; },
     .slope = [](double x, double) { return x < -3  ? 0
                                            : x > 3 ? 1
                                                    : x / 3 + 0.5; },
     .slope_needs_input = true},
    {.kind = Kind::softsign,
     .name = "softsign",
     .layer = "Softsign",
     .f = [](double x, double) { return x / (1 + std::abs(x)); },
     .slope = [](double x, double) { return 1 / ((1 + std::abs(x)) * (1 + std::abs(x))); },
     .slope_needs_input = true,  // of the output, which is near 1, it would lose digits
     .low = -1,
     .high = 1},
};

}  // namespace

std::span<const ActivationFacts> activations() { return table; }

const ActivationFacts& facts(Activation::Kind kind) {
  return *std::find_if(std::begin(table), std::end(table),
                       [kind](const ActivationFacts& one) { return one.kind == kind; });
}

const ActivationFacts* find_activation(std::string_view name) {
  const auto* found = std::find_if(std::begin(table), std::end(table),
                                   [name](const ActivationFacts& one) { return one.name == name; });
  return found == std::end(table) ? nullptr : found;
}

}  // namespace fanin::kernels
