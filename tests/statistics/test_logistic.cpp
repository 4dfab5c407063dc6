#include <doctest/doctest.h>

#include <cmath>

#include <fanin/core/error.hpp>
#include <fanin/random/generator.hpp>
#include <fanin/statistics/interval.hpp>
#include <fanin/statistics/logistic.hpp>

using namespace fanin;
using doctest::Approx;

TEST_CASE("logistic: the log odds of two groups are those of their shares") {
  std::vector<std::vector<double>> rows;
  std::vector<bool> outcomes;
  for (int i = 0; i < 100; ++i) {
    rows.push_back({i < 50 ? 0.0 : 1.0});
    outcomes.push_back(i < 50 ? i < 10 : i < 90);  // 10 of 50, 40 of 50
  }
  const auto fit = statistics::logistic_fit(rows, outcomes, 1e-9);
  CHECK(fit.intercept == Approx(std::log(0.25)).epsilon(1e-6));
  CHECK(fit.weights[0] == Approx(2 * std::log(4)).epsilon(1e-6));
  CHECK(fit.probability(std::vector<double>{1}) == Approx(0.8).epsilon(1e-6));
}

TEST_CASE("logistic: finds the law that outcomes were drawn by, whatever the measures' units") {
  Generator generator(5);
  std::vector<std::vector<double>> rows;
  std::vector<bool> outcomes;
  for (int i = 0; i < 20'000; ++i) {
    const double a = 4 * generator.uniform01() - 2, b = 1000 * generator.uniform01();
    rows.push_back({a, b, 7});
    outcomes.push_back(generator.uniform01() < 1 / (1 + std::exp(-(0.5 + 1.5 * a - 0.004 * b))));
  }
  const auto fit = statistics::logistic_fit(rows, outcomes);
  CHECK(fit.intercept == Approx(0.5).epsilon(0.15));
  CHECK(fit.weights[0] == Approx(1.5).epsilon(0.05));
  CHECK(fit.weights[1] == Approx(-0.004).epsilon(0.05));
  CHECK(fit.weights[2] == 0);
}

TEST_CASE("logistic: the gradient of what it minimizes is zero, and separable rows end at finite weights") {
  const std::vector<std::vector<double>> rows = {{-2}, {-1}, {1}, {2}};  // deviation √2.5
  const std::vector<bool> outcomes = {false, false, true, true};
  const auto fit = statistics::logistic_fit(rows, outcomes, 1);
  CHECK(fit.intercept == Approx(0).scale(1));
  double slope = 0;
  for (std::size_t i = 0; i < 4; ++i)
    slope += (fit.probability(rows[i]) - (outcomes[i] ? 1 : 0)) * rows[i][0];
  CHECK(slope + 2.5 * fit.weights[0] == Approx(0).scale(1).epsilon(1e-6));
  const auto far = statistics::logistic_fit({{0}, {1}}, {true, true}, 1);
  CHECK(std::isfinite(far.intercept));
  CHECK(far.probability(std::vector<double>{0.5}) > 0.99);
}

TEST_CASE("logistic: what is no table of measures is refused") {
  CHECK_THROWS_AS(statistics::logistic_fit({}, {}), Error);
  CHECK_THROWS_AS(statistics::logistic_fit({{1}}, {true, false}), Error);
  CHECK_THROWS_AS(statistics::logistic_fit({{1}, {1, 2}}, {true, false}), Error);
  CHECK_THROWS_AS(statistics::logistic_fit({{1}, {NAN}}, {true, false}), Error);
  CHECK_THROWS_AS(statistics::logistic_fit({{1}, {2}}, {true, false}, 0), Error);
  CHECK_THROWS_AS(statistics::Logistic{}.log_odds(std::vector<double>{1}), Error);
}

TEST_CASE("wilson: values of Wilson's formula, and the ends") {
  // 8 of 10: R's binom.confint(8, 10, methods = "wilson")
  CHECK(statistics::wilson_interval(8, 10).low == Approx(0.4901625).epsilon(1e-6));
  CHECK(statistics::wilson_interval(8, 10).high == Approx(0.9433178).epsilon(1e-6));
  CHECK(statistics::wilson_interval(0, 10).low == 0);
  CHECK(statistics::wilson_interval(0, 10).high == Approx(0.2775328).epsilon(1e-6));
  CHECK(statistics::wilson_interval(10, 10).high == 1);
  CHECK_FALSE(statistics::wilson_interval(0, 0).known());
  CHECK_THROWS_AS(statistics::wilson_interval(3, 2), Error);
}
