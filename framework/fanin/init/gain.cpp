#include <algorithm>
#include <cmath>

#include <fanin/core/error.hpp>
#include <fanin/init/gain.hpp>
#include <fanin/init/quadrature.hpp>

namespace fanin::init {

double calculate_gain(const std::string& nonlinearity, double param) {
  if (nonlinearity == "tanh") return 5.0 / 3;
  if (nonlinearity == "relu") return std::sqrt(2.0);
  if (nonlinearity == "leaky_relu") return std::sqrt(2.0 / (1 + param * param));
  if (nonlinearity == "selu") return 3.0 / 4;
  const auto& names = gain_names();
  if (std::find(names.begin(), names.end(), nonlinearity) != names.end()) return 1;
  fail("unknown nonlinearity {}{}", quoted(nonlinearity), suggest(nonlinearity, names));
}

const std::vector<std::string>& gain_names() {
  static const std::vector<std::string> names = {"linear",
                                                 "sigmoid",
                                                 "tanh",
                                                 "relu",
                                                 "leaky_relu",
                                                 "selu",
                                                 "conv1d",
                                                 "conv2d",
                                                 "conv3d",
                                                 "conv_transpose1d",
                                                 "conv_transpose2d",
                                                 "conv_transpose3d"};
  return names;
}

Gain gain(const Nonlinearity& nonlinearity) {
  const auto inverse_root = [](const std::function<double(double)>& f, const char* what) {
    const double square = gaussian_mean([&](double z) { return f(z) * f(z); });
    if (!(square > 1e-24)) fail("gain: the {} is zero for a normal input, so no gain keeps the signal", what);
    return 1 / std::sqrt(square);
  };
  return {.forward = inverse_root(nonlinearity.f, "function"),
          .backward = inverse_root(nonlinearity.slope, "function's derivative")};
}

Gain gain(const std::string& activation) { return gain(Nonlinearity::named(activation)); }

std::vector<GainNote> gain_notes() {
  const auto note = [](const char* activation, std::optional<double> pytorch, const char* remark) {
    return GainNote{activation, gain(std::string(activation)), pytorch, remark};
  };
  return {
      note("linear", 1, "exact"),
      note("relu", calculate_gain("relu"), "exact: √2 both ways"),
      note("leaky_relu", calculate_gain("leaky_relu"), "exact: √(2 / (1 + a²)) both ways"),
      note("tanh", calculate_gain("tanh"),
           "a convention: 5/3 keeps neither; it is near the forward gain and leaves a deep net slightly "
           "chaotic"),
      note("selu", calculate_gain("selu"),
           "a convention: SELU keeps variance 1 with gain 1; 3/4 was chosen for stable gradients"),
      note("sigmoid", 1, "a convention: 1 ignores the slope of 1/4; keeping the gradient takes more than 4"),
      note("gelu", std::nullopt, "not in PyTorch's table"),
      note("silu", std::nullopt, "not in PyTorch's table"),
      note("elu", std::nullopt, "not in PyTorch's table"),
      note("softplus", std::nullopt, "not in PyTorch's table; its output has a large mean"),
      note("prelu", std::nullopt, "at its initial slope 0.25; PyTorch's table knows it as leaky_relu"),
      note("sine", std::nullopt,
           "at omega = 30: √2 forward; backward √2 / omega, which is what siren's U(±√(6/fan_in)/omega) has"),
  };
}

}  // namespace fanin::init
