#include <doctest/doctest.h>
#include <fmt/core.h>

#include <cmath>
#include <limits>

#include <fanin/core/moments.hpp>
#include <fanin/init/gain.hpp>
#include <fanin/init/init.hpp>
#include <fanin/init/plan.hpp>
#include <fanin/nn/linear.hpp>
#include <fanin/nn/sequential.hpp>
#include <fanin/start/initialize.hpp>

#include "tests/message.hpp"
#include "tests/usage_message.hpp"

using namespace fanin;
using init::parse;

namespace {

const Shape shape{40, 30};
const init::Site site{.fans = {30, 40}, .layer = 2, .layers = 5};

std::vector<real> drawn(const std::string& text, const init::Site& at = site) {
  Tensor w(shape);
  Generator generator(7);
  parse(text).fill(w, at, generator);
  return {w.values().begin(), w.values().end()};
}

nn::Sequential net() {
  nn::Sequential made;
  made.add("fc1", nn::Linear({.in = 30, .out = 40})).add("fc2", nn::Linear({.in = 40, .out = 10}));
  return made;
}

}  // namespace

TEST_CASE("a formula draws as the number that it is at its place") {
  const std::vector<std::pair<std::string, double>> rows{
      {"1.3/sqrt(fan_in)", 1.3 / std::sqrt(30.0)},
      {"√(2/fan_out)", std::sqrt(2.0 / 40)},
      {"gain(tanh)/sqrt(fan_in)", init::gain("tanh").forward / std::sqrt(30.0)},
      {"gain(leaky_relu(0.2))", init::gain("leaky_relu(0.2)").forward},
      {"gain(max(x,0)^3)", 1 / std::sqrt(7.5)},  // E[z⁶]/2
      {"gain(x*(x+1)/2 - x^2/2)/sqrt(fan_in)", 2 / std::sqrt(30.0)},
      {"1/depth", 0.2},
      {"0.1*layer", 0.1 * 3},
      {"max(fan_in, fan_out)^-0.5", std::pow(40.0, -0.5)}};
  for (const auto& row : rows) {
    CAPTURE(row.first);
    CHECK(drawn("normal(std=" + row.first + ")") == drawn("normal(std=" + number_text(row.second) + ")"));
    CHECK(parse("normal(std=" + row.first + ")").at(site).deviation(shape, site.fans) ==
          doctest::Approx(row.second));
  }
  CHECK(drawn("uniform(a=-r, b=r; r=sqrt(6/(fan_in+fan_out)))") == drawn("xavier_uniform"));
  CHECK(drawn("uniform(-r, r; s=fan_in+fan_out; r=sqrt(6/s))") == drawn("xavier_uniform"));
  CHECK(drawn("normal(std=sqrt(2/fan_in))") == drawn("kaiming_normal"));
  CHECK(drawn("constant(fan_in/fan_out)") == drawn("constant(0.75)"));
  CHECK_FALSE(parse("normal(std=1/depth)").deviation(shape, init::Fans{30, 40}).has_value());
}

TEST_CASE("a formula is printed as written, read back, compared and stored by a plan") {
  for (const char* text :
       {"normal(std=1.3/sqrt(fan_in))", "uniform(a=-r, b=r; r=sqrt(6/(fan_in+fan_out)))",
        "normal(mean=0.5, std=gain(leaky_relu(0.2))/sqrt(fan_in))", "constant(value=1/depth)"}) {
    CAPTURE(text);
    const auto scheme = parse(text);
    CHECK(scheme.to_string() == text);
    CHECK(parse(scheme.to_string()) == scheme);
    const std::string rules = fmt::format("fc1={}; *.bias=constant(value=0.1/layer)", text);
    const auto plan = init::Plan::parse(rules);
    CHECK(plan.to_string() == rules);
    CHECK(init::Plan::parse(plan.to_string()) == plan);
  }
  CHECK_FALSE(parse("normal(std=1/fan_in)") == parse("normal(std=1/fan_out)"));
  CHECK_FALSE(parse("normal(std=1/fan_in)") == parse("normal"));
  CHECK_FALSE(parse("normal(std=r; r=1/fan_in)") == parse("normal(std=r; r=2/fan_in)"));
  CHECK(parse("normal(std=2*0.25)").to_string() == "normal(std=0.5)");
}

TEST_CASE("a model is drawn by formulas, each parameter at its own place, biases with their layer's") {
  auto model = net();
  Generator generator(3);
  const auto report = start::initialize(
      model, "normal(std=layer/(10*fan_in)); *.bias=constant(value=depth + layer/fan_in)", generator);
  CHECK(report[0].scheme == "normal(std=layer/(10*fan_in))");
  CHECK(moments(model.parameter("fc2.weight")->value.values()).std ==
        doctest::Approx(2.0 / 400).epsilon(0.2));
  CHECK(static_cast<double>(model.parameter("fc1.bias")->value.values()[0]) == doctest::Approx(2 + 1.0 / 30));
  CHECK(static_cast<double>(model.parameter("fc2.bias")->value.values()[0]) == doctest::Approx(2 + 2.0 / 40));
  auto cautioned = net();
  const auto noted = start::initialize(cautioned, "trunc_normal(mean=5*layer)", generator);
  CHECK(noted[2].note.find("mean = 10 of trunc_normal is outside [a, b]") != std::string::npos);
  auto again = net();
  Generator same(3);
  start::initialize(again, "fc1=normal(std=1/300); fc2=normal(std=2/400)", same);
  CHECK(std::equal(again.parameter("fc2.weight")->value.values().begin(),
                   again.parameter("fc2.weight")->value.values().end(),
                   model.parameter("fc2.weight")->value.values().begin()));
}

TEST_CASE("what a formula may not be is refused: when it is read, or where it has no value") {
  const std::vector<std::pair<const char*, const char*>> rows{
      {"normal(std=1/fan_im)", "std = '1/fan_im' must be a finite number, or a formula of fans and depth"},
      {"normal(std=fan_in fan_out)", "an operator or the end"},
      {"normal(std=gain(rely))", "rely"},
      {"normal(std=gain(relu)", "')'"},
      {"normal(std=r)", "not 'r'"},
      {"normal(std=r; r=r)", "r = 'r' at character 15 of 'normal(std=r; r=r)': a formula: expected one of"},
      {"normal(std=gain(1/x))", "infinite at"},
      {"normal(std=r; r=1; r=2)", "'r' is defined twice"},
      {"normal(std=1/fan_in; r=2)", "'r' is defined and used nowhere at character 22"},
      {"normal(std=fan_in; fan_in=2)", "a name that formulas have already"},
      {"normal(std=pi; pi=3)", "a name that formulas have already"},
      {"normal(std=r; 3)", "expected 'name=formula' behind ';'"},
      {"normal(; r=3)", "expected"},
      {"normal(std=1; )", "expected"},
      {"lsuv(target=1/fan_in)", "must be a number: what is fitted to data is of no one place"},
      {"kaiming_normal(mode=1/fan_in)", "one of fan_in, fan_out"},
      {"normal(std=1/0)", "must be a finite number"}};
  for (const auto& row : rows) {
    CAPTURE(row.first);
    const std::string said = usage_message([&] { parse(row.first); });
    CHECK_MESSAGE(said.find(row.second) != std::string::npos, said);
  }
  const std::vector<std::pair<const char*, const char*>> at_place{
      {"normal(std=10 - fan_in)",
       "std = '10 - fan_in' is -20 here (fan_in 30, fan_out 40, depth 5, layer 3)"},
      {"normal(std=1/(fan_in - 30))", "is inf here"},
      {"normal(std=sqrt(-fan_in))", "nan here"},
      {"sparse(sparsity=fan_in)", "is 30 here"}};
  for (const auto& row : at_place) {
    CAPTURE(row.first);
    const std::string said = message([&] { drawn(row.first); });
    CHECK_MESSAGE(said.find(row.second) != std::string::npos, said);
  }
  auto model = net();
  Generator generator(0);
  CHECK(usage_message([&] {
          start::require_initializable(model, init::Plan::parse("normal(std=35-fan_in)"), false);
        }).find("fc2.weight: scheme 'normal'") != std::string::npos);
  CHECK_THROWS_AS(start::initialize(model, "normal(std=35-fan_in)", generator), Error);
  CHECK(model.parameter("fc1.weight")->origin == nn::Origin::declared);
}
