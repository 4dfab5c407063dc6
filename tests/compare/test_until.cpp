// Adding seeds until differences are known well enough: which looks, who goes on, and, by simulation, that the
// error rate stays what it is said to be.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <iterator>

#include <fanin/compare/summary.hpp>
#include <fanin/compare/until.hpp>

#include "tests/compare/made_up_runs.hpp"
#include "tests/statistics/simulated.hpp"

using namespace fanin;
using namespace fanin::compare;
using simulated::Count;
using simulated::Luck;

namespace {

constexpr std::size_t most_seeds = 10;

struct Outcome {
  Summary row;  // of the scheme that is not the baseline
  bool narrow;
};

using Difference = std::function<double(Luck&)>;

void add_seed(std::vector<Run>& runs, const Difference& difference, Luck& luck) {
  const std::size_t seed = runs.size() / 2;
  runs.push_back(made_up_run("default", seed, 0.5));
  runs.push_back(made_up_run("other", seed, 0.5 + difference(luck)));
}

/// As a grid does it.
Outcome with_looks(const Difference& difference, Luck& luck) {
  Settings settings = made_up_settings({"default", "other"}, most_seeds);
  settings.until = 0.005;
  std::vector<Run> runs;
  bool narrow = false;
  for (const std::size_t count : looks(most_seeds)) {
    while (runs.size() < 2 * count) add_seed(runs, difference, luck);
    narrow = unsettled(settings, runs).empty();
    if (narrow) break;
  }
  return {summarize(settings, runs)[1], narrow};
}

/// As it is done by hand: a seed more, until the table looks good.
Outcome by_hand(const Difference& difference, Luck& luck) {
  const Settings settings = made_up_settings({"default", "other"}, most_seeds);
  std::vector<Run> runs;
  for (;;) {
    add_seed(runs, difference, luck);
    if (runs.size() < 6) continue;
    const Summary row = summarize(settings, runs)[1];
    const bool narrow = row.difference_interval.half_width() <= 0.005;
    if (narrow || runs.size() == 2 * most_seeds) return {row, narrow};
  }
}

struct Rates {
  Count covered{0, 0}, stars{0, 0}, equivalent{0, 0};
  double seeds = 0;
};

Rates rates(const std::function<Outcome(const Difference&, Luck&)>& rule, double deviation, int samples) {
  Luck luck(5);
  Rates found{.covered{0, samples}, .stars{0, samples}, .equivalent{0, samples}};
  for (int i = 0; i < samples; ++i) {
    const Summary none = rule([=](Luck& l) { return deviation * l.normal(); }, luck).row;
    found.covered.times += none.difference_interval.contains(0);
    found.stars.times += none.significant;
    found.seeds += static_cast<double>(none.pairs) / samples;
    const Summary margin = rule([=](Luck& l) { return 0.005 + deviation * l.normal(); }, luck).row;
    found.equivalent.times += margin.equivalent;
  }
  return found;
}

}  // namespace

TEST_CASE("looks are halves of what is allowed, down to three seeds") {
  using Counts = std::vector<std::size_t>;
  CHECK(looks(10) == Counts{3, 5, 10});
  CHECK(looks(20) == Counts{3, 5, 10, 20});
  CHECK(looks(5) == Counts{3, 5});
  CHECK(looks(4) == Counts{4});
  CHECK(looks(1) == Counts{1});
  Settings settings = made_up_settings({"a"}, 10);
  CHECK(confidence_level(settings) == doctest::Approx(0.95));
  settings.until = 0.005;
  CHECK(confidence_level(settings) == doctest::Approx(1 - 0.05 / 3));
}

TEST_CASE("who is not known well enough goes on, with the baseline; who is, stays where it is") {
  Settings settings = made_up_settings({"default", "steady", "shaky", "alias"}, 10);
  settings.until = 0.005;
  std::vector<Run> runs;
  for (std::size_t seed = 0; seed < 3; ++seed) {
    const double base = 0.8 + 0.02 * static_cast<double>(seed);
    runs.push_back(made_up_run("default", seed, base));
    runs.push_back(made_up_run("steady", seed, base + 0.03 + (seed == 1 ? 0.0002 : 0)));
    runs.push_back(made_up_run("shaky", seed, base + (seed == 1 ? 0.02 : -0.01)));
    runs.push_back(made_up_run("alias", seed, base));
  }
  const std::vector<Group> open = {{"m", "shaky"}, {"m", "default"}};
  CHECK(unsettled(settings, runs) == open);
  // At the next look the baseline has more runs than what was settled at the first.
  for (std::size_t seed = 3; seed < 5; ++seed) {
    runs.push_back(made_up_run("default", seed, 0.8));
    runs.push_back(made_up_run("shaky", seed, seed == 3 ? 0.9 : 0.7));
  }
  CHECK(unsettled(settings, runs) == open);
  settings.until = 0.5;
  CHECK(unsettled(settings, runs).empty());
  // Whoever has no two pairs is not known at all.
  CHECK(unsettled(settings, {made_up_run("default", 0, 0.8), made_up_run("steady", 0, 0.8)}).size() == 4);
  // p-values pay for the looks.
  const double once = summarize(made_up_settings(settings.schemes, 10), runs)[1].p_adjusted;
  CHECK(summarize(settings, runs)[1].p_adjusted == doctest::Approx(3 * once));
}

TEST_CASE("looking while seeds are added inflates no error rate, where adding by hand does") {
  constexpr int samples = 1500;
  std::string table =
      "| standard deviation of the differences | seeds used | covered | false stars | false equivalence |\n"
      "| --- | --- | --- | --- | --- |\n";
  for (const double deviation : {0.001, 0.003, 0.005, 0.007, 0.02}) {
    const Rates found = rates(with_looks, deviation, samples);
    table +=
        fmt::format("| {:.1f} | {:.1f} | {:.1f} | {:.1f} | {:.1f} |\n", 100 * deviation, found.seeds,
                    100 * found.covered.share(), 100 * found.stars.share(), 100 * found.equivalent.share());
    CAPTURE(deviation);
    CHECK(found.covered.at_least(0.95));
    CHECK(found.stars.at_most(0.05));
    CHECK(found.equivalent.at_most(0.05));
  }
  std::ifstream file("framework/fanin/statistics/README.md");
  const std::string readme{std::istreambuf_iterator<char>(file), {}};
  CHECK_MESSAGE(readme.find(table) != std::string::npos, table);
  // The same, without paying for the looks: more than 5 % of the intervals miss, as the count's error tells.
  const Rates hand = rates(by_hand, 0.007, samples);
  CHECK_FALSE(hand.covered.at_least(0.95));
  MESSAGE("by hand: covered " << 100 * hand.covered.share() << ", stars " << 100 * hand.stars.share());
}
