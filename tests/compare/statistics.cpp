#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <numbers>

#include <fanin/statistics/statistics.hpp>

using namespace fanin::statistics;

namespace {
const double untested = std::numeric_limits<double>::quiet_NaN();
doctest::Approx near(double value, double relative = 1e-8) {
  return doctest::Approx(value).epsilon(relative);
}
}  // namespace

TEST_CASE("Student's quantiles are those of the printed tables") {
  CHECK(student_t_quantile(0.975, 1) == near(12.7062047364));
  CHECK(student_t_quantile(0.975, 2) == near(4.3026527297));
  CHECK(student_t_quantile(0.975, 3) == near(3.1824463053));
  CHECK(student_t_quantile(0.975, 4) == near(2.7764451052));
  CHECK(student_t_quantile(0.975, 9) == near(2.2621571628));
  CHECK(student_t_quantile(0.975, 29) == near(2.0452296421));
  CHECK(student_t_quantile(0.95, 10) == near(1.8124611228));
  CHECK(student_t_quantile(0.995, 2) == near(9.9248432009));
  CHECK(student_t_quantile(0.975, 1e7) == near(1.959964, 1e-6));
  CHECK(student_t_quantile(0.25, 5) == -student_t_quantile(0.75, 5));
  // As doubles the two do not add up to 1.
  CHECK(student_t_quantile(0.025, 5) == near(-student_t_quantile(0.975, 5), 1e-15));
  CHECK(student_t_quantile(0.5, 3) == 0);
}

TEST_CASE("Student's distribution has its closed forms for one and two degrees of freedom") {
  for (double t : {-300.0, -3.0, -0.4, 0.0, 1e-6, 0.7, 2.0, 25.0, 1e5}) {
    CHECK(student_t_cdf(t, 1) == near(0.5 + std::atan(t) / std::numbers::pi, 1e-9));
    CHECK(student_t_cdf(t, 2) == near(0.5 + t / (2 * std::sqrt(2 + t * t)), 1e-9));
  }
}

TEST_CASE("the quantile inverts the distribution, far tails included") {
  for (double freedom : {1.0, 2.0, 7.0, 120.0}) {
    for (double p : {1e-9, 0.001, 0.2, 0.49, 0.6, 0.9, 0.9999}) {
      CHECK(student_t_cdf(student_t_quantile(p, freedom), freedom) == near(p, 1e-7));
    }
  }
}

TEST_CASE("mean, spread and median of small samples") {
  const double values[] = {3, 1, 2, 10};
  CHECK(mean(values) == 4);
  CHECK(sample_std(values) == near(std::sqrt(50.0 / 3)));
  CHECK(median(values) == 2.5);
  CHECK(median(std::vector<double>{5, 1, 3}) == 3);
  CHECK(median(std::vector<double>{1, HUGE_VAL, HUGE_VAL}) == HUGE_VAL);
  CHECK(median(std::vector<double>{HUGE_VAL, HUGE_VAL}) == HUGE_VAL);
  CHECK(sample_std(std::vector<double>{0.1, 0.1, 0.1}) == 0);
  CHECK(std::isnan(mean({})));
  CHECK(std::isnan(median({})));
  CHECK(std::isnan(sample_std(std::vector<double>{1})));
}

TEST_CASE("Student's sleep data give his interval and R's p-value") {
  const double first[] = {0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0};
  const double second[] = {1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4};
  std::vector<double> differences;
  for (int i = 0; i < 10; ++i) differences.push_back(first[i] - second[i]);
  const PairedTest test = paired_test(differences);
  CHECK(test.difference == near(-1.58));
  CHECK(test.interval.low == near(-2.4598858, 1e-7));
  CHECK(test.interval.high == near(-0.7001142, 1e-7));
  CHECK(test.p_value == near(0.00283289, 1e-5));
}

TEST_CASE(
    "paired test at its edges: one pair says nothing, equal runs do not differ, of a constant shift the "
    "sign counts") {
  CHECK(std::isnan(paired_test(std::vector<double>{0.1}).p_value));
  CHECK(std::isnan(paired_test({}).difference));
  CHECK(paired_test(std::vector<double>{0, 0, 0}).p_value == 1);
  CHECK(paired_test(std::vector<double>{0.5, 0.5}).p_value == 0.5);
  CHECK(paired_test(std::vector<double>{-0.5, -0.5, -0.5}).p_value == 0.25);
  CHECK_FALSE(paired_test(std::vector<double>{0.5, 0.5, 0.5}).interval.known());
}

TEST_CASE("Holm's adjustment steps down, never falls and skips what was not tested") {
  const std::vector<double> adjusted = holm(std::vector<double>{0.01, 0.04, untested, 0.03, 0.005});
  CHECK(adjusted[0] == near(0.03));
  CHECK(adjusted[1] == near(0.06));
  CHECK(std::isnan(adjusted[2]));
  CHECK(adjusted[3] == near(0.06));
  CHECK(adjusted[4] == near(0.02));
  CHECK(holm(std::vector<double>{0.7, 0.8}) == std::vector<double>{1, 1});
  CHECK(holm({}).empty());
}
