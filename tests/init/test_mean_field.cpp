#include <doctest/doctest.h>

#include <cmath>

#include <nlohmann/json.hpp>

#include <fanin/core/error.hpp>
#include <fanin/init/initializer.hpp>
#include <fanin/init/mean_field.hpp>

#include "tests/init/reference.hpp"
#include "tests/message.hpp"

using namespace fanin;
using namespace fanin::init;

TEST_CASE("mean field: ReLU is critical at σw² = 2 and grows or dies geometrically beside it") {
  const Nonlinearity relu = Nonlinearity::named("relu");
  const MeanField critical = mean_field(relu, std::sqrt(2.0), 0);
  CHECK(critical.q == doctest::Approx(1));
  CHECK(critical.chi == doctest::Approx(1));
  CHECK(critical.gradient_depth > 1e9);
  CHECK(mean_field(relu, 1.5, 0).q == HUGE_VAL);
  CHECK_FALSE(mean_field(relu, 1.5, 0).settles);
  const MeanField dying = mean_field(relu, 1, 0);
  CHECK(dying.q == 0);
  CHECK(dying.settles);
  CHECK(dying.chi == doctest::Approx(0.5));
  CHECK(dying.gradient_depth == doctest::Approx(1 / std::log(2.0)));
  CHECK(dying.correlation_depth > 1e9);  // what is left of two inputs grows alike, never exponentially fast
  const MeanField slow = mean_field(relu, std::sqrt(1.999), 0);
  CHECK(slow.q == 0);
  CHECK(slow.chi == doctest::Approx(0.9995));
  CHECK(mean_field(relu, std::sqrt(2.001), 0).q == HUGE_VAL);
  CHECK(mean_field(Nonlinearity::named("tanh"), 1, 0).q == 0);
  CHECK(mean_field(relu, 0, 0).q == 0);
  CHECK(mean_field(relu, 0, 0.5).q == doctest::Approx(0.25));
}

TEST_CASE("mean field: both depths are those that numpy finds, in the ordered phase and in the chaotic one") {
  for (const auto& row : gain_reference().at("fields")) {
    const auto name = row.at("activation").get<std::string>();
    const double w = row.at("square_w").get<double>(), b = row.at("square_b").get<double>();
    CAPTURE(name);
    CAPTURE(w);
    const MeanField field = mean_field(Nonlinearity::named(name), std::sqrt(w), std::sqrt(b));
    CHECK(field.settles);
    CHECK(field.q == doctest::Approx(row.at("q").get<double>()).epsilon(1e-9));
    CHECK(field.chi == doctest::Approx(row.at("chi").get<double>()).epsilon(1e-9));
    CHECK(field.gradient_depth == doctest::Approx(row.at("gradient_depth").get<double>()).epsilon(1e-7));
    CHECK(field.correlation == doctest::Approx(row.at("correlation").get<double>()).epsilon(1e-6));
    CHECK(field.correlation_depth ==
          doctest::Approx(row.at("correlation_depth").get<double>()).epsilon(1e-5));
  }
  const MeanField chaotic = mean_field(Nonlinearity::named("tanh"), std::sqrt(2.5), std::sqrt(0.05));
  CHECK(chaotic.gradient_depth == doctest::Approx(7.98).epsilon(0.001));
  CHECK(chaotic.correlation_depth == doctest::Approx(11.80).epsilon(0.001));
}

TEST_CASE("mean field: tanh is ordered below σw = 1 and chaotic above, without biases") {
  const Nonlinearity tanh = Nonlinearity::named("tanh");
  CHECK(mean_field(tanh, 0.9, 0).chi == doctest::Approx(0.81));
  CHECK(mean_field(tanh, 1.5, 0).chi > 1.1);
  for (double sigma_w : {0.9, 1.5, 3.0}) {
    const MeanField field = mean_field(tanh, sigma_w, 0.3);
    CHECK(field.settles);
    CHECK(next_variance(tanh, sigma_w, 0.3, field.q) == doctest::Approx(field.q).epsilon(1e-10));
  }
  CHECK_THROWS_AS(mean_field(tanh, -1, 0), Error);
  CHECK_THROWS_AS(mean_field(tanh, std::nan(""), 0), Error);
}

TEST_CASE("edge of chaos: q is a fixed point there, and χ = 1") {
  for (const char* name : {"tanh", "relu", "leaky_relu(0.3)", "gelu", "silu", "elu", "selu", "mish"})
    for (double q : {0.01, 1.0, 3.0}) {
      CAPTURE(name);
      CAPTURE(q);
      const Nonlinearity f = Nonlinearity::named(name);
      const Critical critical = edge_of_chaos_at(f, q);
      CHECK(next_variance(f, critical.sigma_w, critical.sigma_b, q) == doctest::Approx(q).epsilon(1e-9));
      CHECK(gradient_factor(f, critical.sigma_w, q) == doctest::Approx(1).epsilon(1e-12));
    }
  CHECK_THROWS_AS(edge_of_chaos_at(Nonlinearity::named("sigmoid"), 1), Error);
  CHECK_THROWS_AS(parse("edge_of_chaos(sigmoid, q=1)"), Error);
  CHECK_THROWS_AS(parse("edge_of_chaos(activation=tahn)"), Error);
  CHECK_THROWS_AS(parse("edge_of_chaos(q=-1)"), Error);
  const Initializer text =
      edge_of_chaos({.activation = "leaky_relu(0.2)", .q = 0.5, .weights = "orthogonal"});
  CHECK(parse(text.to_string()) == text);
}

TEST_CASE("edge of chaos: σw², σb² and V' are mpmath's at every variance, or the negative σb² is refused") {
  for (const auto& row : gain_reference().at("edges")) {
    const auto name = row.at("activation").get<std::string>();
    const double q = row.at("q").get<double>(), square_b = row.at("square_b").get<double>();
    CAPTURE(name);
    CAPTURE(q);
    const Nonlinearity f = Nonlinearity::named(name);
    if (square_b < -1e-11 * q) {
      CHECK_THROWS_AS(edge_of_chaos_at(f, q), Error);
      continue;
    }
    const Critical critical = edge_of_chaos_at(f, q);
    CHECK(critical.sigma_w * critical.sigma_w ==
          doctest::Approx(row.at("square_w").get<double>()).epsilon(1e-11));
    CHECK(std::abs(critical.sigma_b * critical.sigma_b - square_b) < 1e-11 * q);
    CHECK(critical.variance_slope == doctest::Approx(row.at("variance_slope").get<double>()).epsilon(1e-10));
  }
}

TEST_CASE("edge of chaos: the variance that is chosen is one that layers settle at, for every activation") {
  for (const std::string& name : nonlinearity_names()) {
    if (name == "linear" || name == "none") continue;  // no variance is lost or found there
    CAPTURE(name);
    const Nonlinearity f = Nonlinearity::named(name);
    if (name == "softplus") {  // V' > 1 and σb² < 0 wherever it is looked for
      CHECK(holds(message([&] { stable_edge_of_chaos(f); }), "negative σb²"));
      continue;
    }
    const Critical critical = stable_edge_of_chaos(f);
    CHECK(critical.stable());
    double q = 1.2 * critical.q, nearer = 0.2 * critical.q;
    for (int layer = 0; layer < 300; ++layer) {
      const double before = std::abs(q - critical.q);
      q = next_variance(f, critical.sigma_w, critical.sigma_b, q);
      CHECK(std::abs(q - critical.q) <= before * (1 + 1e-9) + 1e-12 * critical.q);
      nearer = std::abs(q - critical.q);
    }
    const bool keeps_any = critical.variance_slope > 1 - 1e-6;  // as ReLU: nothing draws it to one variance
    if (!keeps_any) CHECK(nearer < 0.1 * critical.q);
    CHECK(gradient_factor(f, critical.sigma_w, critical.q) == doctest::Approx(1).epsilon(1e-12));
  }
  for (const char* name : {"gelu", "silu", "mish", "hardswish"}) {  // where 0.01 would not do
    CAPTURE(name);
    const Nonlinearity f = Nonlinearity::named(name);
    CHECK_FALSE(edge_of_chaos_at(f, 0.5).stable());
    const Critical critical = stable_edge_of_chaos(f);
    CHECK(mean_field(f, critical.sigma_w, critical.sigma_b).q == doctest::Approx(critical.q).epsilon(1e-6));
  }
  const Shape shape{50, 50};
  CHECK(holds(parse("edge_of_chaos(activation=gelu, q=1)").caution(shape, fans_of(shape)).value_or(""),
              "unstable"));
  CHECK_FALSE(parse("edge_of_chaos(activation=gelu)").caution(shape, fans_of(shape)));
  CHECK_FALSE(parse("edge_of_chaos").caution(shape, fans_of(shape)));
}

TEST_CASE("edge of chaos: weights and biases have the critical deviations") {
  const Critical critical = edge_of_chaos_at(Nonlinearity::named("tanh"), 1);
  Generator gen(1);
  Tensor w(Shape{300, 400}), b(Shape{20000});
  parse("edge_of_chaos(q=1)").fill(w, gen);
  parse("edge_of_chaos(q=1)").fill(b, {.in = 400, .out = 300}, gen);
  const auto deviation = [](const Tensor& t) {
    double squares = 0;
    for (real x : t.values()) squares += static_cast<double>(x) * static_cast<double>(x);
    return std::sqrt(squares / static_cast<double>(t.numel()));
  };
  CHECK(deviation(w) == doctest::Approx(critical.sigma_w / 20).epsilon(0.01));
  CHECK(deviation(b) == doctest::Approx(critical.sigma_b).epsilon(0.02));
}
