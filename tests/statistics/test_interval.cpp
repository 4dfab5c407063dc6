#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include <fanin/core/error.hpp>
#include <fanin/statistics/interval.hpp>
#include <fanin/statistics/pairing.hpp>
#include <fanin/statistics/statistics.hpp>

using namespace fanin;
using namespace fanin::statistics;

TEST_CASE("a mean's interval is Student's, cut to what is possible, and unknown where there is no spread") {
  const Interval whole = mean_interval(std::vector<double>{0.80, 0.81, 0.82}, 0.95, {0, 1});
  CHECK(whole.low == doctest::Approx(0.81 - 4.3026527 * 0.01 / std::sqrt(3)));
  CHECK(whole.high == doctest::Approx(0.81 + 4.3026527 * 0.01 / std::sqrt(3)));
  const Interval cut = mean_interval(std::vector<double>{0.1, 0.1, 0.467}, 0.95, {0, 1});
  CHECK(cut.low == 0);
  CHECK(cut.high == doctest::Approx(0.2223333 + 4.3026527 * 0.2118875 / std::sqrt(3)));
  CHECK(mean_interval(std::vector<double>{0.1, 0.9}, 0.95, {0, 1}) == Interval{0, 1});
  CHECK(mean_interval(std::vector<double>{0.1, 0.2, 0.4}, 0.99).half_width() ==
        doctest::Approx(9.9248432 * std::sqrt(0.07 / 3 / 3)));
  for (const auto& values : {std::vector<double>{}, {0.5}, {0.1, 0.1, 0.1}}) {
    CHECK_FALSE(mean_interval(values).known());
    CHECK_FALSE(mean_interval(values).contains(0.1));
  }
}

TEST_CASE("Clopper and Pearson's limits are those that R's binom.test gives") {
  const auto check = [](double successes, int trials, double low, double high) {
    const Interval interval = share_interval(successes, trials);
    CHECK(interval.low == doctest::Approx(low).epsilon(1e-6));
    CHECK(interval.high == doctest::Approx(high).epsilon(1e-6));
  };
  check(3, 3, std::cbrt(0.025), 1);
  check(0, 3, 0, 1 - std::cbrt(0.025));
  check(7, 10, 0.3475471, 0.9332605);
  check(1, 1, 0.025, 1);
  CHECK_FALSE(share_interval(0, 0).known());
  CHECK_THROWS_AS(share_interval(4, 3), Error);
  CHECK_THROWS_AS(share_interval(-0.5, 3), Error);
}

TEST_CASE("the interval of a share covers with 95 % whatever the share of ties") {
  // No simulation: every outcome of wins, ties and losses, weighed by its probability.
  for (int n = 1; n <= 10; ++n) {
    std::vector<Interval> by_halves;
    for (int halves = 0; halves <= 2 * n; ++halves) by_halves.push_back(share_interval(halves / 2.0, n));
    double least = 1;
    constexpr int grid = 40;
    for (int i = 0; i <= grid; ++i) {
      for (int j = 0; j + i <= grid; ++j) {
        const double win = static_cast<double>(i) / grid, tie = static_cast<double>(j) / grid;
        const double lose = std::max(0.0, 1 - win - tie), truth = win + tie / 2;
        double covered = 0;
        for (int wins = 0; wins <= n; ++wins) {
          for (int ties = 0; ties + wins <= n; ++ties) {
            const Interval& one = by_halves[static_cast<std::size_t>(2 * wins + ties)];
            if (truth < one.low - 1e-12 || truth > one.high + 1e-12) continue;
            covered += std::tgamma(n + 1) /
                       (std::tgamma(wins + 1) * std::tgamma(ties + 1) * std::tgamma(n - wins - ties + 1)) *
                       std::pow(win, wins) * std::pow(tie, ties) * std::pow(lose, n - wins - ties);
          }
        }
        least = std::min(least, covered);
      }
    }
    CAPTURE(n);
    CHECK(least >= 0.95);
  }
}

TEST_CASE("pairing gains what the pairs have in common") {
  // Halves that differ by ±1 about what they share: the pairs see the 1 alone.
  const std::vector<double> first = {11, 19, 31, 39}, second = {9, 21, 29, 41};
  const Pairing pairing = pairing_of(first, second);
  CHECK(pairing.correlation > 0.98);
  // Both samples have about the same spread, so that Welch's interval has about 6 degrees of freedom.
  const double unpaired =
      student_t_quantile(0.975, 6) * std::hypot(sample_std(first), sample_std(second)) / 2;
  const double paired = student_t_quantile(0.975, 3) * std::sqrt(16.0 / 3) / 2;
  CHECK(pairing.gain == doctest::Approx(unpaired / paired).epsilon(0.01));

  const Pairing none = pairing_of(std::vector<double>{1, 2, 3}, std::vector<double>{5, 5, 5});
  CHECK(std::isnan(none.correlation));
  CHECK(none.gain == doctest::Approx(1));
  CHECK(std::isnan(pairing_of(std::vector<double>{1, 2}, std::vector<double>{2, 3}).gain));
  CHECK(std::isnan(pairing_of({}, {}).gain));
  CHECK_THROWS_AS(pairing_of(std::vector<double>{1, 2}, std::vector<double>{1}), Error);
}
