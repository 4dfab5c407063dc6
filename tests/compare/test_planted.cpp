// A difference that was planted is found as often as theory says, and where none was planted, none is found.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include <boost/math/distributions/non_central_t.hpp>

#include <fanin/compare/summary.hpp>
#include <fanin/compare/verdict.hpp>
#include <fanin/statistics/statistics.hpp>

#include "tests/compare/made_up_runs.hpp"
#include "tests/statistics/simulated.hpp"

using namespace fanin;
using namespace fanin::compare;
using simulated::Count;
using simulated::Luck;

namespace {

constexpr std::size_t seeds = 5;
constexpr double shared = 0.01, own = 0.002;  // standard deviations: of a seed, and of a scheme in it
constexpr int comparisons = 1000;

/// A comparison of six schemes, the last of which is `planted` better than the others.
Comparison compared(double planted, Luck& luck) {
  Comparison comparison{.settings = made_up_settings({"default", "a", "b", "c", "d", "planted"}, seeds)};
  for (std::size_t seed = 0; seed < seeds; ++seed) {
    const double luck_of_seed = shared * luck.normal();
    for (const std::string& scheme : comparison.settings.schemes) {
      const double better = scheme == "planted" ? planted : 0;
      comparison.runs.push_back(
          made_up_run(scheme, seed, 0.87 + luck_of_seed + better + own * luck.normal()));
    }
  }
  comparison.summary = summarize(comparison.settings, comparison.runs);
  return comparison;
}

/// The power of a two-sided paired t test at `level`, of a difference of `planted`.
double power(double planted, double level) {
  const double freedom = seeds - 1;
  const double shift = planted / (std::sqrt(2.0) * own) * std::sqrt(static_cast<double>(seeds));
  const double limit = statistics::student_t_quantile(1 - level / 2, freedom);
  const boost::math::non_central_t law(freedom, shift);
  return cdf(complement(law, limit)) + cdf(law, -limit);
}

}  // namespace

TEST_CASE("a planted difference is found with at least the power of Bonferroni's test, and named") {
  Luck luck(11);
  constexpr double planted = 0.01;
  Count found{0, comparisons}, named{0, comparisons}, false_stars{0, comparisons}, best{0, comparisons},
      covered{0, comparisons};
  for (int i = 0; i < comparisons; ++i) {
    const Comparison comparison = compared(planted, luck);
    const Summary& row = comparison.summary.back();
    found.times += row.finding == Finding::better;
    named.times += row.finding == Finding::better && row.scheme == ranking(comparison, "m")[0].scheme &&
                   verdict(comparison, "m").find("which is significant") != std::string::npos;
    best.times += row.among_best;
    covered.times += row.difference_interval.contains(planted);
    false_stars.times += std::any_of(comparison.summary.begin(), comparison.summary.end() - 1,
                                     [](const Summary& one) { return one.significant; });
  }
  // Holm's test rejects whatever Bonferroni's does, and no more than a single test at 5 % would.
  CHECK(power(planted, 0.01) > 0.7);
  CHECK(found.at_least(power(planted, 0.01)));
  CHECK(found.at_most(power(planted, 0.05)));
  CHECK(named.times == found.times);
  CHECK(best.at_least(0.95));
  CHECK(covered.near(0.95));
  CHECK(false_stars.at_most(0.05));
  MESSAGE("found in " << found.share() << " of the comparisons, false stars in " << false_stars.share());
}

TEST_CASE("where nothing is planted, a table says so: one false star or more in 5 of 100 tables at most") {
  Luck luck(12);
  Count starred{0, comparisons}, best{0, comparisons};
  double width = 0, gain = 0;
  for (int i = 0; i < comparisons; ++i) {
    const auto rows = compared(0, luck).summary;
    starred.times +=
        std::any_of(rows.begin(), rows.end(), [](const Summary& one) { return one.significant; });
    // They are all the best in truth; this one stands for any of them.
    best.times += rows[2].among_best;
    width += rows[2].difference_interval.half_width() / comparisons;
    gain += rows[2].pairing_gain / comparisons;
  }
  CHECK(starred.at_most(0.05));
  CHECK(best.at_least(0.95));
  // Seeds move everything by ± 1 point, and schemes by 0.2: pairing takes the former out.
  CHECK(width < 0.004);
  CHECK(gain > 2.5);
}

TEST_CASE(
    "a difference as large as the margin is called none in 5 of 100 tables at most, a small one often") {
  Luck luck(13);
  Count at_margin{0, comparisons}, at_zero{0, comparisons};
  for (int i = 0; i < comparisons; ++i) {
    at_margin.times += compared(0.005, luck).summary.back().equivalent;
    at_zero.times += compared(0, luck).summary.back().equivalent;
  }
  CHECK(at_margin.at_most(0.05));
  CHECK(at_zero.share() > 0.3);
}
