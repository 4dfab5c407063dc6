#include <algorithm>
#include <cmath>
#include <numbers>

#include <fanin/core/error.hpp>
#include <fanin/init/nonlinearity.hpp>

namespace fanin::init {
namespace {

double sigmoid(double x) { return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); }
double normal_cdf(double x) { return std::erfc(-x / std::numbers::sqrt2) / 2; }
double normal_density(double x) { return std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi); }

Nonlinearity leaky_relu(double a) {
  return {[a](double x) { return x > 0 ? x : a * x; }, [a](double x) { return x > 0 ? 1 : a; }};
}

// scale · (x above 0, alpha (eˣ - 1) below)
Nonlinearity elu(double alpha, double scale) {
  return {[=](double x) { return scale * (x > 0 ? x : alpha * std::expm1(x)); },
          [=](double x) { return scale * (x > 0 ? 1 : alpha * std::exp(x)); }};
}

Nonlinearity softplus(double beta) {
  return {
      [=](double x) { return (std::max(beta * x, 0.0) + std::log1p(std::exp(-std::abs(beta * x)))) / beta; },
      [=](double x) { return sigmoid(beta * x); }};
}

}  // namespace

Nonlinearity::Nonlinearity(std::function<double(double)> function) : f(function) {
  slope = [f = std::move(function)](double x) {
    const double step = 1e-5 * std::max(1.0, std::abs(x));
    return (f(x + step) - f(x - step)) / (2 * step);
  };
}

Nonlinearity Nonlinearity::named(std::string_view text) { return named(Expression::parse(text)); }

Nonlinearity Nonlinearity::named(const Expression& call) {
  const auto only = [&](std::vector<std::string> known) {
    return Options(call, "activation", std::move(known));
  };
  const std::string& name = call.name;
  if (name == "leaky_relu") return leaky_relu(only({"negative_slope"}).number("negative_slope", 0.01));
  if (name == "prelu") return leaky_relu(only({"init"}).number("init", 0.25));
  if (name == "elu") return elu(only({"alpha"}).number("alpha", 1), 1);
  if (name == "softplus") {
    const Options options = only({"beta"});
    const double beta = options.number("beta", 1);
    if (!(beta > 0)) options.refuse("beta", "a number > 0");
    return softplus(beta);
  }
  if (name == "sine") {
    const Options options = only({"omega"});
    const double omega = options.number("omega", 30);
    if (!(omega > 0)) options.refuse("omega", "a number > 0");
    return {[omega](double x) { return std::sin(omega * x); },
            [omega](double x) { return omega * std::cos(omega * x); }};
  }
  const auto& names = nonlinearity_names();
  if (std::find(names.begin(), names.end(), name) == names.end())
    fail_usage("unknown activation {} {}{}", quoted(name), at_character(call.source, call.position),
               suggest(name, names));
  only({});
  if (name == "relu") return leaky_relu(0);
  if (name == "selu") return elu(1.6732632423543772848, 1.0507009873554804934);
  if (name == "gelu")
    return {[](double x) { return x * normal_cdf(x); },
            [](double x) { return normal_cdf(x) + x * normal_density(x); }};
  if (name == "silu")
    return {[](double x) { return x * sigmoid(x); },
            [](double x) { return sigmoid(x) * (1 + x * (1 - sigmoid(x))); }};
  if (name == "sigmoid") return {sigmoid, [](double x) { return sigmoid(x) * sigmoid(-x); }};
  if (name == "tanh")
    return {[](double x) { return std::tanh(x); },
            [](double x) { return 1 / (std::cosh(x) * std::cosh(x)); }};
  return {[](double x) { return x; }, [](double) { return 1.0; }};
}

const std::vector<std::string>& nonlinearity_names() {
  static const std::vector<std::string> names = {"linear",   "none", "relu", "leaky_relu", "prelu",
                                                 "elu",      "selu", "gelu", "silu",       "sigmoid",
                                                 "softplus", "tanh", "sine"};
  return names;
}

}  // namespace fanin::init
