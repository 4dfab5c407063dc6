#include <doctest/doctest.h>

#include <cmath>

#include <fanin/core/error.hpp>
#include <fanin/init/formula.hpp>
#include <fanin/init/gain.hpp>

#include "tests/message.hpp"

using namespace fanin;
using init::Formula;

namespace {

double value(const char* text, double x = 0) { return Formula::parse(text).at(x).value; }

}  // namespace

TEST_CASE("formula: precedence, signs and powers are those of mathematics") {
  CHECK(value("1 + 2 * 3") == 7);
  CHECK(value("2 - 3 - 4") == -5);
  CHECK(value("12 / 2 / 3") == 2);
  CHECK(value("-2^2") == -4);
  CHECK(value("(-2)^2") == 4);
  CHECK(value("2^3^2") == 512);
  CHECK(value("2**-1") == 0.5);
  CHECK(value("2*-3") == -6);
  CHECK(value("--3") == 3);
  CHECK(value("1.5e2 + .5") == 150.5);
  CHECK(value("2*pi") == doctest::Approx(2 * M_PI));
  CHECK(value("log(e^3)") == doctest::Approx(3));
  CHECK(value("max(1, x, 2) + min(x, 0)", -5) == -3);
  CHECK(value("clamp(x, -1, 2)", 7) == 2);
  CHECK(value("step(x) + sign(x)", -3) == -1);
  CHECK(value("leaky_relu(x, 0.3)", -10) == doctest::Approx(-3));
  CHECK(std::isnan(value("max(0, log(x))", -1)));
}

TEST_CASE("formula: the slope is the derivative, by differences") {
  for (const char* text : {"x^3 - 2*x", "max(x,0)^3", "x*sigmoid(1.702*x)", "exp(-x^2/2)", "x/(1+abs(x))",
                           "2^x", "(x^2+1)^x", "log1p(exp(x))", "sqrt(1+x^2)", "sin(3*x)*cos(x)",
                           "atan(x)+erf(x)", "expm1(min(x,0))+max(x,0)", "clamp(x,-1,1)", "sinh(x)/cosh(x)",
                           "gelu(x)+tanh(2*x)", "elu(x,0.5)", "1/(2+x^2)", "-x^2", "log(3+x)"}) {
    CAPTURE(text);
    const Formula formula = Formula::parse(text);
    for (const double x : {-2.3, -0.7, 0.4, 1.9}) {
      const double h = 1e-6, numeric = (formula.at(x + h).value - formula.at(x - h).value) / (2 * h);
      CHECK(formula.at(x).slope == doctest::Approx(numeric).epsilon(1e-6));
    }
  }
}

TEST_CASE("formula: gains are those of the activations that they spell out") {
  const auto same = [](const char* formula, const std::string& activation) {
    CAPTURE(formula);
    const init::Gain one = init::gain(Formula::parse(formula).nonlinearity()), other = init::gain(activation);
    CHECK(one.forward == doctest::Approx(other.forward).epsilon(1e-12));
    CHECK(one.backward == doctest::Approx(other.backward).epsilon(1e-12));
  };
  same("max(x,0)", "relu");
  same("x/(1+exp(-x))", "silu");
  same("x*(1+erf(x/sqrt(2)))/2", "gelu");
  same("x*tanh(log1p(exp(x)))", "mish");
  same("clamp(x,0,6)", "relu6");
  same("max(x,0)+0.2*min(x,0)", "leaky_relu(0.2)");
  same("x*clamp(x+3,0,6)/6", "hardswish");
  // E[max(z,0)^6] = 15/2 and E[(3 max(z,0)²)²] = 27/2
  const init::Gain cubed = init::gain(Formula::parse("max(x,0)^3").nonlinearity());
  CHECK(cubed.forward == doctest::Approx(std::sqrt(2.0 / 15)).epsilon(1e-12));
  CHECK(cubed.backward == doctest::Approx(std::sqrt(2.0 / 27)).epsilon(1e-12));
}

TEST_CASE("formula: what does not read is refused with its place, and nothing is unbounded") {
  const auto refusal = [](const std::string& text) { return message([&] { Formula::parse(text); }); };
  CHECK(holds(refusal(""), "expected a number"));
  CHECK(holds(refusal("x +"), "at character 4"));
  CHECK(holds(refusal("(x"), "expected ')'"));
  CHECK(holds(refusal("x)"), "unexpected ')'"));
  CHECK(holds(refusal("2x"), "unexpected 'x'"));
  CHECK(holds(refusal("y + 1"), "unknown function 'y'"));
  CHECK(holds(refusal("rleu(x)"), "did you mean 'relu'"));
  CHECK(holds(refusal("tanh"), "expected '('"));
  CHECK(holds(refusal("tanh(x, 2)"), "takes 1 arguments, not 2"));
  CHECK(holds(refusal("max(x)"), "takes 2 to 8 arguments"));
  CHECK(holds(refusal("1e999*x"), "a double"));
  CHECK(holds(refusal(std::string(60, '(') + "x" + std::string(60, ')')), "nested too deeply"));
  CHECK(holds(refusal("x" + std::string(400, '^') + "x"), "expected"));
  std::string tower = "x";
  for (int i = 0; i < 60; ++i) tower += "^x";
  CHECK(holds(refusal(tower), "nested too deeply"));
  CHECK(holds(refusal(std::string(1001, ' ')), "too long"));
  std::string sum = "x";
  while (sum.size() < 990) sum += "+x";
  CHECK(value(sum.c_str(), 1) == static_cast<double>((sum.size() + 1) / 2));
  std::string wide = "x";
  for (int i = 0; i < 40; ++i) wide = "max(1,1,1,1,1,1,1," + wide + ")";
  CHECK(holds(refusal(wide), "too much at once"));
}

TEST_CASE("formula: a text is one where it names x") {
  for (const char* text : {"x", "max(x,0)", "2*x", "exp(-x)"}) CHECK(init::is_formula(text));
  for (const char* text : {"relu", "exp", "mix", "leaky_relu(0.2)", "x2", "max"})
    CHECK_FALSE(init::is_formula(text));
}
