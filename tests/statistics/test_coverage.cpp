// How often the intervals of framework/fanin/statistics cover, and how often its tests err, by simulation: for
// results as training gives them, low figures included. The tables in that room's README are those printed
// here: where one is not found there, the failed check shows what it should be.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <iterator>

#include <fanin/statistics/statistics.hpp>

#include "tests/statistics/simulated.hpp"

using namespace fanin::statistics;
using simulated::Count;
using simulated::Law;
using simulated::Luck;

namespace {

constexpr int samples = 10'000;
constexpr int sizes[] = {3, 5, 10};

std::string readme() {
  std::ifstream file("framework/fanin/statistics/README.md");
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string percent(const Count& count) { return fmt::format("{:.1f}", 100 * count.share()); }

struct Coverage {
  Count covered{0, samples};
  Count unknown{0, samples};  // samples without a spread
};

Coverage coverage(const Law& law, int n) {
  Luck luck(static_cast<std::uint64_t>(n));
  Coverage result;
  for (int i = 0; i < samples; ++i) {
    const Interval interval = mean_interval(simulated::sample(law, n, luck), 0.95, {0, 1});
    result.covered.times += interval.contains(law.mean);
    result.unknown.times += !interval.known();
  }
  return result;
}

/// A law of the paired differences of two schemes, about 0.
struct Rival {
  std::string name;
  std::function<double(Luck&)> draw;
};

Rival difference(std::string name, const Law& first, const Law& second) {
  return {std::move(name), [=](Luck& luck) {
            const double one = first.draw(luck) - first.mean;
            return one - (second.draw(luck) - second.mean);
          }};
}

struct Errors {
  Count covered{0, samples}, stars{0, samples}, equivalent{0, samples};
};

constexpr double margin = 0.005;

Errors errors(const Rival& rival, int n) {
  Luck luck(100 + static_cast<std::uint64_t>(n));
  Errors result;
  for (int i = 0; i < samples; ++i) {
    std::vector<double> none, some;  // no difference in truth, and one of exactly the margin
    for (int j = 0; j < n; ++j) {
      none.push_back(rival.draw(luck));
      some.push_back(none.back() + margin);
    }
    const PairedTest test = paired_test(none, 0.95, {-1, 1});
    result.covered.times += test.interval.contains(0);
    result.stars.times += test.p_value < 0.05;
    result.equivalent.times += equivalence_p(some, margin) < 0.05;
  }
  return result;
}

}  // namespace

TEST_CASE("coverage of a mean's interval is that of the table in the room's README") {
  const Law laws[] = {simulated::normal(),     simulated::skewed(),     simulated::near_ceiling(),
                      simulated::bimodal(0.1), simulated::bimodal(0.3), simulated::bimodal(0.5),
                      simulated::bimodal(0.9)};
  std::string table = "| results | n = 3 | n = 5 | n = 10 |\n| --- | --- | --- | --- |\n";
  for (const Law& law : laws) {
    table += "| " + law.name + " |";
    for (const int n : sizes) {
      const Coverage found = coverage(law, n);
      table += " " + percent(found.covered);
      if (percent(found.unknown) != "0.0") table += fmt::format(" (none: {})", percent(found.unknown));
      table += " |";
      // Each bound is passed by chance with another seed in 6 of 100,000 cases.
      if (law.name.starts_with("normal")) CHECK(found.covered.near(0.95));
      if (law.name.starts_with("skewed")) CHECK(found.covered.at_least(0.85));
    }
    table += "\n";
  }
  // Where a collapse is rare, the interval misses whenever it saw none: no more, no less.
  for (const int n : sizes) CHECK(coverage(simulated::bimodal(0.1), n).covered.near(1 - std::pow(0.9, n)));
  // And where it is the rule, equal results are called unknown.
  for (const int n : sizes) CHECK(coverage(simulated::bimodal(0.9), n).unknown.near(std::pow(0.9, n)));
  CHECK_MESSAGE(readme().find(table) != std::string::npos, table);
}

TEST_CASE("error rates of the paired tests are those of the table in the room's README") {
  const Rival rivals[] = {
      {"normal, standard deviation 0.5", [](Luck& luck) { return 0.005 * luck.normal(); }},
      {"normal, standard deviation 0.2", [](Luck& luck) { return 0.002 * luck.normal(); }},
      difference("one skewed, the other normal", simulated::skewed(), simulated::normal()),
      difference("both skewed", simulated::skewed(), simulated::skewed()),
      difference("both collapse in 10 of 100 seeds, each in its own", simulated::bimodal(0.1),
                 simulated::bimodal(0.1)),
      difference("both collapse in 30 of 100 seeds", simulated::bimodal(0.3), simulated::bimodal(0.3)),
      difference("one collapses in 30 of 100 seeds", simulated::bimodal(0.3), simulated::normal())};
  std::string table =
      "| differences | covered, n = 3 / 5 / 10 | false stars | false equivalence |\n"
      "| --- | --- | --- | --- |\n";
  for (const Rival& rival : rivals) {
    std::string covered, stars, equivalent;
    for (const int n : sizes) {
      const Errors found = errors(rival, n);
      const std::string between = covered.empty() ? "" : " / ";
      covered += between + percent(found.covered);
      stars += between + percent(found.stars);
      equivalent += between + percent(found.equivalent);
      if (rival.name.starts_with("normal")) {
        CHECK(found.covered.near(0.95));
        CHECK(found.stars.near(0.05));
        CHECK(found.equivalent.at_most(0.05));
      }
    }
    table += fmt::format("| {} | {} | {} | {} |\n", rival.name, covered, stars, equivalent);
  }
  CHECK_MESSAGE(readme().find(table) != std::string::npos, table);
}
