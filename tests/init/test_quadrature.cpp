#include <doctest/doctest.h>

#include <cmath>

#include <fanin/core/error.hpp>
#include <fanin/init/quadrature.hpp>

#include "tests/message.hpp"

using namespace fanin;
using namespace fanin::init;

namespace {

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
