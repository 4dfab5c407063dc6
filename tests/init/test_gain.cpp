#include <doctest/doctest.h>

#include <cmath>
#include <fstream>

#include <nlohmann/json.hpp>

#include <fanin/core/error.hpp>
#include <fanin/init/gain.hpp>
#include <fanin/init/mean_field.hpp>
#include <fanin/init/quadrature.hpp>

#include "tests/message.hpp"

using namespace fanin;
using namespace fanin::init;

namespace {

/// tests/reference/gains.json: mpmath's values and numpy's (made by make_gains.py).
const nlohmann::json& reference() {
  static const nlohmann::json values = [] {
    std::ifstream in("tests/reference/gains.json");
    REQUIRE(in);
    return nlohmann::json::parse(in);
  }();
  return values;
}

double upper_tail(double z) { return std::erfc(z * M_SQRT1_2) / 2; }

}  // namespace

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

TEST_CASE("quadrature: kinks and jumps are met wherever they are, to the stated 1e-13") {
  for (const double at : {0.1, -0.1, 0.25, 1.0 / 3, 0.7, 1.7, -2.3, 4.9, 1e-7,
                          // just beside where panels end
                          0.2501, 0.2499999, 0.5004, -0.75 + 1e-6, 0.999, 1.5001, -2.0003}) {
    CAPTURE(at);
    const double density = std::exp(-at * at / 2) / std::sqrt(2 * M_PI);
    // a jump, a kink, the square of a kink
    CHECK(std::abs(gaussian_mean([at](double z) { return z > at ? 1.0 : 0.0; }) - upper_tail(at)) < 1e-13);
    const double kink = density - at * upper_tail(at);
    CHECK(std::abs(gaussian_mean([at](double z) { return std::max(z - at, 0.0); }) - kink) < 1e-13);
    const double square = (1 + at * at) * upper_tail(at) - at * density;
    CHECK(std::abs(gaussian_mean([at](double z) { return std::pow(std::max(z - at, 0.0), 2); }) - square) <
          1e-13);
  }
  // many at once: the sign of sin(20 z) times z
  const double step = M_PI / 20;
  double expected = 0;
  for (int k = 0; k < 300; ++k) {
    const double low = k * step, high = low + step;
    expected +=
        (k % 2 == 0 ? 2 : -2) * (std::exp(-low * low / 2) - std::exp(-high * high / 2)) / std::sqrt(2 * M_PI);
  }
  CHECK(std::abs(gaussian_mean([](double z) { return std::sin(20 * z) > 0 ? z : -z; }) - expected) < 1e-13);
}

TEST_CASE("quadrature: a function far narrower or wider than the normal keeps its digits") {
  for (const double q : {1e-12, 1.0, 1e2, 1e4, 1e8, 1e12}) {
    CAPTURE(q);
    const double scale = std::sqrt(q);
    // E[1(|√q z| < 1)], and E[1 / (1 + q z²)] = √(π/2q) e^(1/2q) erfc(1/√2q)
    CHECK(gaussian_mean([&](double z) { return std::abs(scale * z) < 1 ? 1.0 : 0.0; }) ==
          doctest::Approx(std::erf(1 / (scale * M_SQRT2))).epsilon(1e-12));
    if (q >= 1)
      CHECK(gaussian_mean([&](double z) { return 1 / (1 + q * z * z); }) ==
            doctest::Approx(std::sqrt(M_PI / 2 / q) * std::exp(0.5 / q) * std::erfc(1 / (scale * M_SQRT2)))
                .epsilon(1e-12));
  }
  // E[tanh(100 z)²] is 1 - √(2/π)/100 to first order, not 1
  const double saturated = gaussian_mean([](double z) { return std::pow(std::tanh(100 * z), 2); });
  CHECK(1 - saturated == doctest::Approx(std::sqrt(2 / M_PI) / 100).epsilon(1e-3));
}

TEST_CASE("quadrature: what has no mean is an error, and what grows fast but has one is not") {
  CHECK(gaussian_mean([](double z) { return std::exp(5 * z); }) ==
        doctest::Approx(std::exp(12.5)).epsilon(1e-12));
  CHECK(gaussian_mean([](double z) { return std::exp(z * z / 4); }) ==
        doctest::Approx(M_SQRT2).epsilon(1e-12));
  CHECK(holds(message([] { gaussian_mean([](double z) { return std::exp(0.49 * z * z); }); }),
              "grows too fast"));
  CHECK(holds(message([] { gaussian_mean([](double z) { return std::exp(z * z); }); }), "infinite"));
  CHECK_THROWS_AS(gaussian_mean([](double z) { return 1 / (z * z); }), Error);
  CHECK_THROWS_AS(gaussian_mean([](double z) { return std::sqrt(z); }), Error);
  CHECK(gaussian_mean([](double z) { return std::log(std::abs(z)); }) ==
        doctest::Approx(-0.63518142273073908).epsilon(1e-11));  // -(γ + ln 2) / 2
}

TEST_CASE("quadrature: Gauss-Lobatto is exact to degree 2n - 3, with nodes at both ends") {
  const Quadrature rule = gauss_lobatto(6);
  CHECK(rule.nodes.front() == -1);
  CHECK(rule.nodes.back() == 1);
  double sum = 0;
  for (std::size_t i = 0; i < 6; ++i) sum += rule.weights[i] * std::pow(rule.nodes[i], 8);
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

TEST_CASE("gain: forward and backward are mpmath's for every activation") {
  for (const auto& row : reference().at("gains")) {
    const auto name = row.at("activation").get<std::string>();
    CAPTURE(name);
    const Gain computed = gain(name);
    CHECK(computed.forward == doctest::Approx(row.at("forward").get<double>()).epsilon(1e-12));
    CHECK(computed.backward == doctest::Approx(row.at("backward").get<double>()).epsilon(1e-12));
  }
}

TEST_CASE("gain: the fixed point's is mpmath's, and there is none for functions bounded by 1") {
  for (const auto& row : reference().at("fixed_points")) {
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
  for (const auto& row : reference().at("fields")) {
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
  for (const auto& row : reference().at("edges")) {
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
