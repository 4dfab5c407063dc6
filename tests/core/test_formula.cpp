#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

#include <fanin/core/fail.hpp>
#include <fanin/core/formula.hpp>

#include "tests/message.hpp"

using namespace fanin;

TEST_CASE("a formula's value, by the usual precedence") {
  const double x = 0.7, n = 300;
  const std::vector<double> values{x, n};
  const std::vector<std::pair<const char*, double>> rows{
      {"1.3/sqrt(n)", 1.3 / std::sqrt(n)},
      {"sqrt(5)", std::sqrt(5.0)},
      {"√5", std::sqrt(5.0)},
      {"-√2*x", -std::sqrt(2.0) * x},
      {"√(x + 1)^2", std::pow(std::sqrt(x + 1), 2)},
      {"5/3", 5.0 / 3},
      {"8/4/2", 1},
      {"2 - 3 - 4", -5},
      {"2 + 3*4", 14},
      {"(2 + 3)*4", 20},
      {"2^3^2", 512},
      {"-x^2", -x * x},
      {"2^-1", 0.5},
      {"x*-2", -2 * x},
      {".5e1", 5},
      {"pi", std::numbers::pi},
      {"max(x, 0)^3", x * x * x},
      {"min(x, -x) + max(-1, abs(-3))", -x + 3},
      {"exp(log(x)) + tanh(x) + erf(x)", x + std::tanh(x) + std::erf(x)},
      {"sin(x)^2 + cos(x)^2", 1},
      {"  x  ", x},
  };
  for (const auto& row : rows) {
    CAPTURE(row.first);
    CHECK(NumberFormula::parse(row.first, {"x", "n"})(values) == doctest::Approx(row.second).epsilon(1e-15));
  }
  CHECK_FALSE(std::isfinite(NumberFormula::parse("1/0")()));
  CHECK(std::isnan(NumberFormula::parse("sqrt(-1)")()));
  CHECK(std::isinf(NumberFormula::parse("x^1e9", {"x"})(std::vector<double>{2})));
}

TEST_CASE("a formula's derivative is that of central differences") {
  for (const char* text : {"x", "3", "x^3", "2^x", "x^x", "1/x", "x/(1 + x^2)", "sqrt(x)", "exp(-x^2/2)",
                           "log(1 + exp(x))", "tanh(x)*x", "sin(3*x) - cos(x)", "erf(x/√2)", "abs(x - 1)",
                           "max(x, 0.2*x)", "min(x, 6)/6", "-x", "y*x"}) {
    const NumberFormula formula = NumberFormula::parse(text, {"x", "y"});
    for (const double x : {0.3, 0.8, 1.7}) {
      CAPTURE(text);
      CAPTURE(x);
      const double step = 1e-6, y = 1.3;
      const double slope =
          (formula(std::vector{x + step, y}) - formula(std::vector{x - step, y})) / (2 * step);
      CHECK(formula.derivative(std::vector{x, y}, 0) == doctest::Approx(slope).epsilon(1e-8));
    }
  }
  const NumberFormula cube = NumberFormula::parse("max(x, 0)^3", {"x"});
  CHECK(cube.derivative(std::vector{-1.0}, 0) == 0);
  CHECK(cube.derivative(std::vector{0.0}, 0) == 0);
  CHECK(NumberFormula::parse("x^0", {"x"}).derivative(std::vector{0.0}, 0) == 0);
}

TEST_CASE("a formula knows its variables, and names that stand for others or for numbers") {
  const NumberFormula radius = NumberFormula::parse("sqrt(6/(a + b))", {"a", "b"});
  const NumberFormula twice = NumberFormula::parse("-2*r", {"a", "b"}, {{"r", radius}});
  CHECK(twice(std::vector{2.0, 4.0}) == -2);
  CHECK(twice.uses(0));
  CHECK_FALSE(NumberFormula::parse("3*b", {"a", "b"}).uses(0));
  const auto lookup = [](std::string_view name, std::string_view text) -> std::optional<double> {
    if (name != "gain") return std::nullopt;
    return static_cast<double>(text.size());
  };
  CHECK(NumberFormula::parse("gain(leaky_relu(0.2)) * 2", {}, {}, lookup)() == 2 * 21);
}

TEST_CASE("what is no formula is refused at its place") {
  const std::vector<std::pair<std::string, const char*>> rows{
      {"", "expected a number, a name or '(' at character 1"},
      {"1 2", "expected an operator or the end at character 3 of '1 2'"},
      {"--1", "expected a number, a name or '(' at character 2"},
      {"+1", "expected a number"},
      {"1 +", "expected a number"},
      {"(1", "expected ')'"},
      {"1)", "an operator or the end"},
      {"0x1", "an operator or the end"},
      {"1e999", "a finite number"},
      {"inf", "one of x, pi, not 'inf'"},
      {"nan(1)", "one of the functions sqrt"},
      {"fan_im", "one of x, pi, not 'fan_im'"},
      {"min(1)", "',' (min has 2 arguments)"},
      {"sqrt(1, 2)", "expected ')'"},
      {"sqrt()", "expected a number"},
      {"sqrt", "not 'sqrt'"},
      {"gain(((", "a closing ')'"},
      {"x^", "expected a number"},
      {"1\n;2", "an operator or the end"},
      {std::string(5000, '1'), "too long"},
      {fmt::format("{}1{}", std::string(100, '('), std::string(100, ')')), "nested more than 64 deep"},
      {"1" +
           [] {
             std::string tower;
             for (int i = 0; i < 100; ++i) tower += "^1";
             return tower;
           }(),
       "nested more than 64 deep"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.first);
    CHECK(holds(message([&] { NumberFormula::parse(row.first, {"x"}); }), row.second));
  }
}

TEST_CASE("definitions of definitions end at a bound") {
  NumberFormula::Definitions definitions;
  const auto grow = [&] {
    definitions.emplace_back("r0", NumberFormula::parse("x + x", {"x"}));
    for (int i = 1; i < 40; ++i) {
      const std::string before = "r" + std::to_string(i - 1);
      definitions.emplace_back("r" + std::to_string(i),
                               NumberFormula::parse(before + " + " + before, {"x"}, definitions));
    }
  };
  CHECK(holds(message(grow), "more than 4096 steps"));
  std::vector<double> one{1};
  CHECK(definitions.back().second(one) > 1000);
}
