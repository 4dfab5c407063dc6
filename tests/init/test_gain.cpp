#include <doctest/doctest.h>

#include <cmath>

#include <nlohmann/json.hpp>

#include <fanin/core/error.hpp>
#include <fanin/init/fan.hpp>
#include <fanin/init/gain.hpp>
#include <fanin/init/initializer.hpp>

#include "tests/init/reference.hpp"
#include "tests/message.hpp"

using namespace fanin;
using namespace fanin::init;

TEST_CASE("gain: agrees with PyTorch's table where that is exact") {
  for (const char* name : {"linear", "relu"}) {
    CHECK(gain(std::string(name)).forward == doctest::Approx(calculate_gain(name)).epsilon(1e-13));
    CHECK(gain(std::string(name)).backward == doctest::Approx(calculate_gain(name)).epsilon(1e-13));
  }
  for (double slope : {0.01, 0.2, 1.5})
    CHECK(gain("leaky_relu(" + number_text(slope) + ")").forward ==
          doctest::Approx(calculate_gain("leaky_relu", slope)).epsilon(1e-13));
  CHECK(gain("selu").forward == doctest::Approx(1).epsilon(1e-12));  // SELU keeps variance 1 by construction
}

TEST_CASE("gain: forward and backward are mpmath's for every activation") {
  for (const auto& row : gain_reference().at("gains")) {
    const auto name = row.at("activation").get<std::string>();
    CAPTURE(name);
    const Gain computed = gain(name);
    CHECK(computed.forward == doctest::Approx(row.at("forward").get<double>()).epsilon(1e-12));
    CHECK(computed.backward == doctest::Approx(row.at("backward").get<double>()).epsilon(1e-12));
  }
}

TEST_CASE("gain: the fixed point's is mpmath's, and there is none for functions bounded by 1") {
  for (const auto& row : gain_reference().at("fixed_points")) {
    const auto name = row.at("activation").get<std::string>();
    CAPTURE(name);
    const auto point = fixed_point_gain(Nonlinearity::named(name));
    REQUIRE(point);
    CHECK(point->sigma == doctest::Approx(row.at("sigma").get<double>()).epsilon(1e-10));
    CHECK(point->backward == doctest::Approx(row.at("backward").get<double>()).epsilon(1e-10));
    CHECK(point->slope == doctest::Approx(row.at("slope").get<double>()).epsilon(1e-10));
    CHECK(point->chi == doctest::Approx(row.at("chi").get<double>()).epsilon(1e-10));
  }
  for (const char* name : {"tanh", "sigmoid", "hardtanh", "softsign", "sine"})
    CHECK_FALSE(fixed_point_gain(Nonlinearity::named(name)));
  CHECK_FALSE(fixed_point_gain(Nonlinearity([](double) { return 2.0; }, [](double) { return 0.0; })));
}

TEST_CASE("kaiming: the gain is PyTorch's table, computed at unit variance, or at the fixed point") {
  const Shape shape{100, 400};
  const Fans fans = fans_of(shape);
  const auto gain_of = [&](const char* text) { return 20 * parse(text).deviation(shape, fans).value(); };
  CHECK(gain_of("kaiming_normal(nonlinearity=relu, gain=fixed_point)") ==
        doctest::Approx(M_SQRT2).epsilon(1e-12));
  CHECK(gain_of("kaiming_normal(nonlinearity=silu)") == doctest::Approx(gain("silu").forward).epsilon(1e-12));
  CHECK(gain_of("kaiming_normal(nonlinearity=silu, gain=fixed_point)") ==
        doctest::Approx(1.558759).epsilon(1e-6));
  CHECK(gain_of("kaiming_uniform(nonlinearity=tanh)") == doctest::Approx(5.0 / 3).epsilon(1e-12));
  CHECK(gain_of("kaiming_uniform(nonlinearity=tanh, gain=unit)") ==
        doctest::Approx(1.592537419722831).epsilon(1e-12));
  CHECK(gain_of("kaiming_normal(a=0.5, gain=unit)") == doctest::Approx(std::sqrt(2 / 1.25)).epsilon(1e-12));
  CHECK(holds(message([] { parse("kaiming_normal(nonlinearity=tanh, gain=fixed_point)"); }),
              "no gain at a fixed point"));
  const auto caution = [&](const char* text) { return parse(text).caution(shape, fans).value_or(""); };
  CHECK(holds(caution("kaiming_normal(nonlinearity=silu)"), "gain=fixed_point takes 1.5588"));
  for (const char* text :
       {"kaiming_normal", "kaiming_normal(nonlinearity=tanh)", "kaiming_normal(nonlinearity=elu)",
        "kaiming_normal(nonlinearity=silu, gain=fixed_point)"})
    CHECK(caution(text) == "");
}

TEST_CASE("gain: sine's are those of its closed form at every omega") {
  for (const double omega : {0.5, 1.0, 5.0, 30.0, 200.0}) {  // E sin²(ωz) = (1 - exp(-2ω²)) / 2
    CAPTURE(omega);
    const Gain sine = gain("sine(" + number_text(omega) + ")");
    const double rest = std::exp(-2 * omega * omega);
    CHECK(sine.forward == doctest::Approx(std::sqrt(2 / (1 - rest))).epsilon(1e-11));
    CHECK(sine.backward == doctest::Approx(std::sqrt(2 / (1 + rest)) / omega).epsilon(1e-11));
  }
  CHECK(gain("sine").forward == doctest::Approx(gain("sine(omega=30)").forward));
  CHECK_THROWS_AS(gain("sine(omega=0)"), Error);
}

TEST_CASE("gain: a function of one's own, by its values alone") {
  const Gain own = gain(Nonlinearity([](double x) { return std::tanh(x); }));
  CHECK(own.forward == doctest::Approx(gain("tanh").forward).epsilon(1e-12));
  CHECK(own.backward == doctest::Approx(gain("tanh").backward).epsilon(1e-8));
  CHECK(gain(Nonlinearity([](double x) { return 3 * x; })).forward ==
        doctest::Approx(1.0 / 3).epsilon(1e-12));
  CHECK_THROWS_AS(gain(Nonlinearity([](double) { return 0.0; })), Error);
  CHECK_THROWS_AS(gain(Nonlinearity([](double x) { return std::log(x); })), Error);
  CHECK_THROWS_AS(gain("rleu"), Error);
  CHECK_THROWS_AS(gain("softplus(beta=0)"), Error);
  CHECK_THROWS_AS(calculate_gain("gelu"), Error);
}

TEST_CASE("gain: every note has finite gains and says what the table's number is") {
  for (const GainNote& note : gain_notes()) {
    CAPTURE(note.activation);
    CHECK(note.computed.forward > 0.1);
    CHECK(note.computed.backward < 10);
    const bool agrees = note.pytorch && std::abs(*note.pytorch - note.computed.forward) < 1e-12;
    CHECK(agrees == note.remark.starts_with("exact"));
  }
}

TEST_CASE("gain: derivatives of the named activations are those of the functions") {
  for (const std::string& name : nonlinearity_names()) {
    const Nonlinearity exact = Nonlinearity::named(name), numeric(exact.f);
    for (double x : {-6.0, -1.3, -0.2, 0.4, 2.5, 7.0}) {
      CAPTURE(name);
      CHECK(exact.slope(x) == doctest::Approx(numeric.slope(x)).epsilon(1e-6));
    }
  }
}
