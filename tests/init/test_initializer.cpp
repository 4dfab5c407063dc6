#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include <fanin/core/error.hpp>
#include <fanin/init/init.hpp>

using namespace fanin;
using namespace fanin::init;

TEST_CASE("initializer: prints only what is not default and parses back") {
  CHECK(kaiming_normal({.mode = Fan::out, .nonlinearity = "relu"}).to_string() ==
        "kaiming_normal(mode=fan_out, nonlinearity=relu)");
  CHECK(kaiming_uniform().to_string() == "kaiming_uniform");
  CHECK(constant(0.01) == parse("constant(0.01)"));
  CHECK(constant(0.5).to_string() == "constant(value=0.5)");
  CHECK(kaiming_uniform({.a = std::sqrt(5.0)}) == parse("kaiming_uniform(a=sqrt(5))"));
  CHECK(kaiming_uniform({.a = std::sqrt(5.0)}).to_string() == "kaiming_uniform(a=√5)");
  CHECK(parse("kaiming_uniform(a=2.23606797749979)").to_string() == "kaiming_uniform(a=√5)");
  CHECK(parse("orthogonal(gain=1.41)").to_string() == "orthogonal(gain=1.41)");
  CHECK(parse("orthogonal(gain=sqrt(4))").to_string() == "orthogonal(gain=2)");
  CHECK(parse("uniform(a=-√2, b=√2)").to_string() == "uniform(a=-√2, b=√2)");
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

TEST_CASE("initializer: any options print and parse back to the same value") {
  Generator gen(11);
  int made = 0;
  for (const SchemeInfo* scheme : schemes())
    for (int round = 0; round < 60; ++round) {
      std::vector<Value> values;
      for (const OptionSpec& spec : scheme->options) {
        if (const auto* word = std::get_if<std::string>(&spec.standard)) {
          const auto count = static_cast<Index>(spec.limits.words.size());
          values.emplace_back(count == 0 ? *word
                                         : spec.limits.words[static_cast<std::size_t>(gen.below(count))]);
        } else if (spec.limits.whole) {
          values.emplace_back(static_cast<double>(1 + gen.below(100)));
        } else {
          const double magnitude = std::pow(10.0, 6 * gen.uniform01() - 4) * (1 + gen.uniform01());
          values.emplace_back(gen.below(2) && spec.limits.least < 0 ? -magnitude
                              : spec.limits.most == 1               ? gen.uniform01()
                                                                    : magnitude);
        }
      }
      try {
        const Initializer value(*scheme, values);
        CAPTURE(value.to_string());
        CHECK(parse(value.to_string()) == value);
        CHECK(parse(value.to_string()).to_string() == value.to_string());
        ++made;
      } catch (const Error&) {  // options that do not go together: a > b, no edge of chaos
      }
    }
  CHECK(made > 1000);
}

TEST_CASE("initializer: what the user typed wrong is named, with its position") {
  struct Case {
    const char *text, *message;
  };
  for (
      const Case& c : {
          Case{"kaiming_norml",
               "unknown scheme 'kaiming_norml' at character 1 of 'kaiming_norml'; did you mean "
               "'kaiming_normal'"},
          {"default",
           "unknown scheme 'default' at character 1 of 'default'; it stands for each layer's own, by itself in "
           "a plan (fanin plan --model NAME shows which they are): elsewhere name one, as kaiming_uniform(a=sqrt(5))"},
          {"normal(std=-1)", "scheme 'normal': std = '-1' must be a finite number ≥ 0, at character 12"},
          {"normal(std=nan)", "std = 'nan' must be a finite number"},
          {"normal(mean=1e31)", "of magnitude up to 1e30, at character 13"},
          {"normal(sdt=1)", "unknown option 'sdt' of scheme 'normal' at character 8"},
          {"uniform(1, 0)", "scheme 'uniform': a = 1 is above b = 0; it needs a ≤ b, at character 1"},
          {"trunc_normal(a=3)", "a = 3 is above b = 2"},
          {"sparse(1)", "sparsity = '1' must be a finite number in [0, 1), at character 8"},
          {"sparse(-0.1)", "in [0, 1)"},
          {"dirac(groups=-1)", "groups = '-1' must be a whole number in [0, 1048576]"},
          {"dirac(groups=1.5)", "must be a whole number"},
          {"kaiming_normal(mode=fan_inn)", "mode = 'fan_inn' must be one of fan_in, fan_out, fan_avg"},
          {"kaiming_normal(nonlinearity=rleu)",
           "nonlinearity = 'rleu' must be one of linear, sigmoid, tanh, relu"},
          {"zeros(1)", "scheme 'zeros' takes no options"},
          {"xavier_uniform(gain=-1)", "gain = '-1' must be a finite number ≥ 0"},
          {"variance_scaling(scale=-2)", "≥ 0"},
          {"", "expected a name at character 1"},
      }) {
    CAPTURE(c.text);
    try {
      parse(c.text);
      FAIL_CHECK("accepted");
    } catch (const Error& error) {
      CAPTURE(error.what());
      CHECK(error.blame() == Blame::usage);
      CHECK(std::string(error.what()).find(c.message) != std::string::npos);
      CHECK(std::string(error.what()).find('\n') == std::string::npos);
    }
  }
}

TEST_CASE("initializer: a shape that a scheme cannot fill is refused, and the tensor left alone") {
  struct Case {
    const char* text;
    Shape shape;
    const char* message;
  };
  for (const Case& c : {
           Case{"kaiming_normal",
                {10},
                "scheme 'kaiming_normal' cannot fill a tensor of shape [10]: it needs at least 2"},
           {"xavier_uniform", {10}, "at least 2 dimensions"},
           {"lecun_normal", {}, "at least 2 dimensions"},
           {"orthogonal", {7}, "at least 2 dimensions"},
           {"eye", {2, 2, 2}, "exactly 2 dimensions"},
           {"sparse", {2, 2, 2, 2}, "exactly 2 dimensions"},
           {"dirac", {2, 2}, "3 to 5 dimensions"},
           {"dirac(groups=4)", {6, 2, 3, 3}, "6 outputs are not divisible by groups = 4"},
           {"delta_orthogonal", {2, 4, 3, 3}, "4 inputs do not fit into 2 outputs"},
           {"bilinear", {1, 1, 3, 4}, "a square kernel"},
       }) {
    CAPTURE(c.text);
    Tensor w = Tensor::full(c.shape, 5);
    Generator gen(0);
    const Generator before = gen;
    try {
      parse(c.text).fill(w, gen);
      FAIL_CHECK("filled");
    } catch (const Error& error) {
      CAPTURE(error.what());
      CHECK(std::string(error.what()).find(c.message) != std::string::npos);
    }
    CHECK(gen == before);
    for (const real x : w.values()) CHECK(x == 5);
  }
  Tensor none;
  Generator gen(0);
  CHECK_THROWS_AS(zeros().fill(none, gen), Error);
  CHECK_THROWS_AS(fans_of(Shape{3}), Error);
}

TEST_CASE("initializer: a tensor without elements is left alone, and no scheme gives what is not finite") {
  for (const SchemeInfo* scheme : schemes()) {
    CAPTURE(scheme->name);
    if (scheme->needs_data() || scheme->needs_model) {  // refused outside a model
      Tensor w(Shape{4, 4});
      Generator gen(0);
      CHECK_THROWS_AS(parse(scheme->name).fill(w, gen), Error);
      continue;
    }
    for (const Shape& shape : {Shape{0, 3}, {3, 0}, {0, 3, 2, 2}, {4, 0, 3}, {0}}) {
      if (shape.rank() < scheme->least_rank || shape.rank() > scheme->most_rank) continue;
      Tensor w(shape);
      Generator gen(0);
      const Generator before = gen;
      parse(scheme->name).fill(w, {.in = 0, .out = 0}, gen);
      CHECK(gen == before);
    }
    for (const Shape& shape : {Shape{4, 4}, {4, 3, 2}, {4, 4, 3, 3}, {1, 1}, {5}}) {
      if (shape.rank() < scheme->least_rank || shape.rank() > scheme->most_rank) continue;
      Tensor w(shape);
      Generator gen(0);
      parse(scheme->name).fill(w, {.in = 0, .out = 0}, gen);  // fans that would divide by zero
      for (const real x : w.values()) CHECK(std::isfinite(x));
    }
  }
  for (const char* text :
       {"trunc_normal(std=0)", "trunc_normal(std=1e-30)", "trunc_normal(mean=50)",
        "trunc_normal(1, 2, 0.5, 0.5)", "normal(std=0)", "uniform(3, 3)", "sparse(std=0)"}) {
    CAPTURE(text);
    Tensor w(Shape{20, 20});
    Generator gen(0);
    parse(text).fill(w, gen);
    for (const real x : w.values()) CHECK(std::isfinite(x));
  }
}

namespace {
struct AlternatingOptions {
  double size = 1;
};
}  // namespace

TEST_CASE("initializer: a scheme of one's own is registered once and then like any other") {
  static bool registered = false;
  if (!registered)
    register_scheme({.name = "alternating",
                     .options = {{"size", &AlternatingOptions::size, "of each element"}},
                     .summary = "size, -size, size, …",
                     .formula = "w[i] = (-1)^i size",
                     .paper = "-",
                     .use = "a test",
                     .fails = "always",
                     .fill = [](Tensor& w, const Site&, Generator&, const AlternatingOptions& options) {
                       for (Index i = 0; i < w.numel(); ++i)
                         w.data()[i] = static_cast<real>(i % 2 == 0 ? options.size : -options.size);
                     }});
  registered = true;
  Tensor w(Shape{3});
  Generator gen(0);
  parse("alternating(0.5)").fill(w, gen);
  CHECK(w.to_vector() == std::vector<real>{0.5, -0.5, 0.5});
  CHECK(parse("alternating(0.5)").to_string() == "alternating(size=0.5)");
  CHECK_THROWS_AS(register_scheme({.name = "normal", .fill = zeros().scheme().fill}), Error);
  CHECK_THROWS_AS(register_scheme({.name = "no fill"}), Error);
  CHECK_THROWS_AS(register_scheme({.name = "default", .fill = zeros().scheme().fill}), Error);
}
