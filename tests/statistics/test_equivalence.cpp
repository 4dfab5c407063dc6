#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include <fanin/core/error.hpp>
#include <fanin/statistics/statistics.hpp>

#include "tests/statistics/simulated.hpp"

using namespace fanin;
using namespace fanin::statistics;

TEST_CASE("two one-sided tests at 5 % say that the 90 % interval lies within the margin") {
  simulated::Luck luck(7);
  int equivalent = 0;
  for (int i = 0; i < 300; ++i) {
    std::vector<double> differences;
    for (int j = 0; j < 5; ++j) differences.push_back(0.002 + 0.003 * luck.normal());
    const Interval inner = mean_interval(differences, 0.9);
    const bool within = inner.low > -0.005 && inner.high < 0.005;
    CHECK((equivalence_p(differences, 0.005) < 0.05) == within);
    equivalent += within;
  }
  CHECK(equivalent > 30);
  CHECK(equivalent < 270);
}

TEST_CASE("equivalence has the p-values of both one-sided tests' t, and says nothing without a spread") {
  const std::vector<double> differences = {0.001, 0.003, -0.001};
  // mean 0.001, s = 0.002: against +0.005 t = -0.004 · √3 / 0.002, and two degrees of freedom have a closed
  // form.
  const double t = -0.004 * std::sqrt(3) / 0.002;
  CHECK(equivalence_p(differences, 0.005) == doctest::Approx(0.5 + t / (2 * std::sqrt(2 + t * t))));
  std::vector<double> mirrored;
  for (const double one : differences) mirrored.push_back(-one);
  CHECK(equivalence_p(mirrored, 0.005) == doctest::Approx(equivalence_p(differences, 0.005)));
  CHECK(std::isnan(equivalence_p(std::vector<double>{0.001}, 0.005)));
  CHECK(std::isnan(equivalence_p(std::vector<double>{0, 0, 0}, 0.005)));
  CHECK_THROWS_AS(equivalence_p(differences, 0), Error);
}
