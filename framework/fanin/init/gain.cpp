#include <algorithm>
#include <cmath>

#include <fanin/core/fail.hpp>
#include <fanin/init/gain.hpp>
#include <fanin/init/mean_field.hpp>
#include <fanin/init/quadrature.hpp>
#include <fanin/kernels/pointwise/activation_facts.hpp>

namespace fanin::init {

double calculate_gain(const std::string& nonlinearity, double param) {
  const auto* one = kernels::find_activation(nonlinearity);
  if (one && one->torch_gain && one->kind != kernels::Activation::Kind::none) return one->torch_gain(param);
  const auto& names = gain_names();
  if (std::find(names.begin(), names.end(), nonlinearity) != names.end()) return 1;
  fail("unknown nonlinearity {}{}", in_quotes(nonlinearity), suggest(nonlinearity, names));
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

namespace {

/// 1/√E[f(z)²].
double inverse_root(const std::function<double(double)>& f, const char* what, const char* kept) {
  const double square = gaussian_mean([&](double z) { return f(z) * f(z); });
  if (!(square > 1e-24)) fail("gain: the {} is zero for a normal input, so no gain keeps the {}", what, kept);
  return 1 / std::sqrt(square);
}

}  // namespace

double forward_gain(const Nonlinearity& nonlinearity) {
  return inverse_root(nonlinearity.f, "function", "signal");
}

double backward_gain(const Nonlinearity& nonlinearity) {
  return inverse_root(nonlinearity.slope, "function's derivative", "gradient");
}

Gain gain(const Nonlinearity& nonlinearity) {
  return {.forward = forward_gain(nonlinearity), .backward = backward_gain(nonlinearity)};
}

Gain gain(const std::string& activation) { return gain(Nonlinearity::named(activation)); }

std::optional<FixedPointGain> fixed_point_gain(const Nonlinearity& nonlinearity) {
  const auto& f = nonlinearity.f;
  const auto& slope = nonlinearity.slope;
  const auto second_moment = [](const std::function<double(double)>& of, double sigma) {
    return gaussian_mean([&](double z) {
      const double value = of(sigma * z);
      return value * value;
    });
  };
  constexpr double least = 1e-3, most = 1e3, step = 1.2;
  double low = least;
  if (second_moment(f, low) > 1) return std::nullopt;
  double high = low;
  try {
    while (second_moment(f, high) < 1) {
      low = high;
      high *= step;
      if (high > most) return std::nullopt;
    }
  } catch (const Error& error) {
    fail("gain: no scale of the input up to {:.3g} gives the output second moment 1; at {:.3g}, {}", low,
         high, error.what());
  }
  for (int halving = 0; halving < 60 && low < high; ++halving) {
    const double middle = (low + high) / 2;
    if (middle == low || middle == high) break;
    (second_moment(f, middle) < 1 ? low : high) = middle;
  }
  const double square = second_moment(slope, high);
  if (!(square > 1e-24))
    fail("gain: the function's derivative is zero for a normal input, so no gain keeps the gradient");
  return FixedPointGain{.sigma = high,
                        .backward = 1 / std::sqrt(square),
                        .slope = variance_slope(nonlinearity, high, high * high),
                        .chi = high * high * square};
}

std::vector<GainNote> gain_notes() {
  std::vector<GainNote> notes;
  for (const auto& one : kernels::activations()) {
    const std::string name = one.kind == kernels::Activation::Kind::none ? "linear" : one.name;
    notes.push_back({name, gain(name),
                     one.torch_gain ? std::optional(one.torch_gain(one.parameter)) : std::nullopt,
                     one.gain_remark});
  }
  notes.push_back({"prelu", gain("prelu"), std::nullopt,
                   "at its initial slope 0.25; PyTorch's table knows it as leaky_relu"});
  return notes;
}

}  // namespace fanin::init
