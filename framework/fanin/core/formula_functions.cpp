#include <array>
#include <cmath>
#include <numbers>

#include <fanin/core/formula_functions.hpp>

namespace fanin {
namespace {

template <double (*value)(double), double (*derivative)(double)>
constexpr FormulaFunction one_argument(std::string_view name) {
  return {name, 1, [](double a, double) { return value(a); },
          [](DualNumber a, DualNumber) {
            return DualNumber{value(a.value), DualNumber::chain(derivative(a.value), a.slope)};
          }};
}

double square_root(double x) { return std::sqrt(x); }
double exponential(double x) { return std::exp(x); }
double logarithm(double x) { return std::log(x); }
double magnitude(double x) { return std::abs(x); }
double hyperbolic_tangent(double x) { return std::tanh(x); }
double sine(double x) { return std::sin(x); }
double cosine(double x) { return std::cos(x); }
double sign(double x) { return static_cast<double>(x > 0) - static_cast<double>(x < 0); }
double error_function(double x) { return std::erf(x); }

constexpr std::array functions{
    one_argument<square_root, [](double x) { return 0.5 / std::sqrt(x); }>("sqrt"),
    one_argument<exponential, exponential>("exp"),
    one_argument<logarithm, [](double x) { return 1 / x; }>("log"),
    one_argument<magnitude, sign>("abs"),
    one_argument<hyperbolic_tangent, [](double x) { return 1 - std::tanh(x) * std::tanh(x); }>("tanh"),
    one_argument<sine, cosine>("sin"),
    one_argument<cosine, [](double x) { return -std::sin(x); }>("cos"),
    one_argument<error_function, [](double x) { return 2 / std::sqrt(std::numbers::pi) * std::exp(-x * x); }>(
        "erf"),
    FormulaFunction{"min", 2, [](double a, double b) { return b < a ? b : a; },
                    [](DualNumber a, DualNumber b) { return b.value < a.value ? b : a; }},
    FormulaFunction{"max", 2, [](double a, double b) { return b > a ? b : a; },
                    [](DualNumber a, DualNumber b) { return b.value > a.value ? b : a; }},
};

}  // namespace

std::span<const FormulaFunction> formula_functions() { return functions; }

}  // namespace fanin
