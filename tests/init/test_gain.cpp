#include <doctest/doctest.h>

#include <cmath>

#include <fanin/core/error.hpp>
#include <fanin/init/gain.hpp>
#include <fanin/init/mean_field.hpp>
#include <fanin/init/quadrature.hpp>

using namespace fanin;
using namespace fanin::init;

TEST_CASE("quadrature: moments of the normal come out exactly, smooth or kinked") {
  CHECK(gaussian_mean([](double) { return 1.0; }) == doctest::Approx(1).epsilon(1e-14));
  CHECK(gaussian_mean([](double z) { return z * z * z * z; }) == doctest::Approx(3).epsilon(1e-13));
  CHECK(std::abs(gaussian_mean([](double z) { return z; })) < 1e-15);
  CHECK(gaussian_mean([](double z) { return std::abs(z); }) ==
        doctest::Approx(std::sqrt(2 / M_PI)).epsilon(1e-12));
  CHECK(gaussian_mean([](double z) { return std::cos(z); }) ==
        doctest::Approx(std::exp(-0.5)).epsilon(1e-13));
  CHECK(gaussian_mean([](double z) { return z > 1 ? 1.0 : 0.0; }) ==
        doctest::Approx(std::erfc(M_SQRT1_2) / 2).epsilon(1e-12));
  CHECK_THROWS_AS(gaussian_mean([](double z) { return 1 / (z - z); }), Error);
}

TEST_CASE("quadrature: Gauss-Legendre is exact to degree 2n - 1") {
  const Quadrature rule = gauss_legendre(5);
  double sum = 0;
  for (std::size_t i = 0; i < 5; ++i) sum += rule.weights[i] * std::pow(rule.nodes[i], 8);
  CHECK(sum == doctest::Approx(2.0 / 9).epsilon(1e-14));
}

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

TEST_CASE("gain: the known values of smooth activations") {
  // 1/√E[f²] and 1/√E[f'²] by adaptive integration to 1e-12 elsewhere (tanh) or in closed form (gelu's slope
  // at 0 …)
  CHECK(gain("tanh").forward == doctest::Approx(1.592537419722831).epsilon(1e-12));
  CHECK(gain("gelu").forward == doctest::Approx(1.533530441195572).epsilon(1e-10));
  // softplus' derivative is sigmoid
  CHECK(gain("softplus").backward == doctest::Approx(gain("sigmoid").forward).epsilon(1e-12));
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

TEST_CASE("mean field: ReLU is critical at σw² = 2 and grows or dies geometrically beside it") {
  const Nonlinearity relu = Nonlinearity::named("relu");
  const MeanField critical = mean_field(relu, std::sqrt(2.0), 0);
  CHECK(critical.q == doctest::Approx(1));
  CHECK(critical.chi == doctest::Approx(1));
  CHECK(critical.depth_scale > 1e9);
  CHECK(mean_field(relu, 1.5, 0).q == HUGE_VAL);
  CHECK_FALSE(mean_field(relu, 1.5, 0).settles);
  const MeanField dying = mean_field(relu, 1, 0);
  CHECK(dying.q < 1e-9);
  CHECK(dying.chi == doctest::Approx(0.5));
  CHECK(dying.depth_scale == doctest::Approx(1 / std::log(2.0)));
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
  CHECK_THROWS_AS(parse("edge_of_chaos(sigmoid)"), Error);
  CHECK_THROWS_AS(parse("edge_of_chaos(activation=tahn)"), Error);
  CHECK_THROWS_AS(parse("edge_of_chaos(q=0)"), Error);
  const Initializer text =
      edge_of_chaos({.activation = "leaky_relu(0.2)", .q = 0.5, .weights = "orthogonal"});
  CHECK(parse(text.to_string()) == text);
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
