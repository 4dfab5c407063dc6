#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "framework/core/error.hpp"
#include "framework/init/init.hpp"

using namespace fanin;
using namespace fanin::init;

TEST_CASE("initializer: prints only what is not default and parses back") {
  CHECK(kaiming_normal({.mode = Fan::out, .nonlinearity = "relu"}).to_string() ==
        "kaiming_normal(mode=fan_out, nonlinearity=relu)");
  CHECK(kaiming_uniform().to_string() == "kaiming_uniform");
  CHECK(constant(0.01) == parse("constant(0.01)"));
  CHECK(constant(0.5).to_string() == "constant(value=0.5)");
  CHECK(kaiming_uniform({.a = std::sqrt(5.0)}) == parse("kaiming_uniform(a=sqrt(5))"));
  CHECK(parse(kaiming_uniform({.a = std::sqrt(5.0)}).to_string()) == kaiming_uniform({.a = std::sqrt(5.0)}));
  CHECK(parse("kaiming_normal_") == kaiming_normal());
  CHECK(parse("he_normal").to_string() == "he_normal");
  CHECK_FALSE(zeros() == constant(0));
  for (const SchemeInfo* scheme : schemes()) {
    CAPTURE(scheme->name);
    CHECK(parse(scheme->name).to_string() == scheme->name);
    CHECK_FALSE(scheme->summary.empty());
    CHECK_FALSE(scheme->formula.empty());
    CHECK_FALSE(scheme->use.empty());
    CHECK_FALSE(scheme->fails.empty());
  }
}

TEST_CASE("initializer: fills a Linear as PyTorch does at seed 0") {
  Generator gen(0);
  Tensor w(Shape{256, 784}), b(Shape{256});
  kaiming_uniform({.a = std::sqrt(5.0)}).fill(w, gen);
  fan_uniform().fill(b, fans_of(w.shape()), gen);
  CHECK(w.data()[0] == doctest::Approx(-0.00026733).epsilon(1e-4));
  CHECK(std::abs(b.data()[0]) <= 1.0 / 28);
}
