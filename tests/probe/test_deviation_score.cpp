#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include <fanin/probe/deviation_score.hpp>
#include <fanin/random/generator.hpp>

using namespace fanin;

TEST_CASE(
    "deviation score: draws from the target are probable, from another std not, whatever the distribution") {
  std::vector<real> values(2000);
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Generator generator(seed);
    generator.normal(values, 0, 0.1);
    CHECK(probe::deviation_score(values, 0.1) < probe::improbable_score);
    CHECK(probe::deviation_score(values, 0.12) > probe::improbable_score);
    generator.uniform(values, -1, 1);
    CHECK(probe::deviation_score(values, 1 / std::sqrt(3.0)) < probe::improbable_score);
  }
}

TEST_CASE("deviation score: constants, NaN and nothing") {
  const std::vector<real> same(5, real(0.25));
  CHECK(probe::deviation_score(same, 0) == 0);
  CHECK(std::isinf(probe::deviation_score(std::vector<real>{0, 1}, 0)));
  CHECK(std::isinf(probe::deviation_score(std::vector<real>{0, real(NAN)}, 1)));
  CHECK(probe::deviation_score({}, 1) == 0);
}
