#include <doctest/doctest.h>

#include <cmath>

#include <fanin/random/generator.hpp>
#include <fanin/statistics/power_law.hpp>

#include "tests/message.hpp"
#include "tests/reference/spectra.hpp"

using namespace fanin;
using doctest::Approx;

TEST_CASE("power law: the tails of samples are those that the paper's formulas give, written out in NumPy") {
  for (const auto& one : spectra_reference()["tails"]) {
    const auto law = statistics::power_law_tail(one["values"]);
    CHECK(law.tail == one["n"].get<std::size_t>());
    CHECK(law.alpha == Approx(one["alpha"].get<double>()).epsilon(1e-9));
    CHECK(law.least == Approx(one["x_min"].get<double>()).epsilon(1e-12));
    CHECK(law.distance == Approx(one["D"].get<double>()).epsilon(1e-9));
    CHECK(law.error == Approx(one["error"].get<double>()).epsilon(1e-9));
  }
}

TEST_CASE(
    "power law: a large sample of a known law gives its exponent within its error, and where it begins") {
  Generator generator(5);
  std::vector<double> values;
  for (int i = 0; i < 6000; ++i) {
    const double u = generator.uniform01();
    // p(x) ~ x^-2.5 from 4 on for two thirds of them, and flat below it
    values.push_back(i % 3 > 0 ? 4 * std::pow(1 - u, -1 / 1.5) : 0.01 + 3.9 * u);
  }
  const auto law = statistics::power_law_tail(values);
  CHECK(std::abs(law.alpha - 2.5) < 4 * law.error);
  CHECK(law.error < 0.05);
  CHECK(law.least == Approx(4).epsilon(0.15));
  CHECK(law.distance < 0.03);
}

TEST_CASE("power law: too few values, and what has no tail, is refused") {
  const auto refused = [](std::vector<double> values) {
    return message([&] { statistics::power_law_tail(values); });
  };
  std::vector<double> values;
  for (int i = 0; i < 49; ++i) values.push_back(1 + i);
  CHECK(holds(refused(values), "49 values are too few"));
  values.push_back(0);
  CHECK(holds(refused(values), "above 0"));
  values.back() = NAN;
  CHECK(holds(refused(values), "finite"));
  CHECK(holds(refused(std::vector<double>(60, 2.0)), "equal values"));
  CHECK(holds(refused({}), "0 values"));
  // ties, as a convolution's conjugate frequencies have them, are one tail
  std::vector<double> twice;
  for (int i = 0; i < 60; ++i) twice.insert(twice.end(), 2, std::pow(1 - (i + 0.5) / 60, -0.5));
  CHECK(statistics::power_law_tail(twice).tail % 2 == 0);
}
