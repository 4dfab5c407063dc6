// The probe's word held against training, on models small enough for a test.
#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

#include <fanin/datasets.hpp>
#include <fanin/models.hpp>
#include <fanin/probe/tried_models.hpp>
#include <fanin/probe/validation.hpp>

using namespace fanin;

namespace {

/// One small model stands in for all.
probe::ValidationSetup small_setup(const data::Normalization& given = {}) {
  data::Sets data = datasets::load_sets("synthetic(count=64, size=4)");
  for (auto* half : {&data.training, &data.test}) half->normalize(given);
  const auto input = models::input_of(data.training);
  return {.build = [input](const std::string&) { return models::build("mlp(hidden=8)", input); },
          .data = data,
          .seeds = 2,
          .seed = 5};
}

}  // namespace

TEST_CASE("probe: a validation of verdicts counts every run once, and is told of them in order") {
  std::vector<std::uint64_t> seeds;
  const auto result =
      probe::validate_verdicts(small_setup(), true, [&](const probe::Trial& t) { seeds.push_back(t.seed); });
  std::size_t pairs = 0;
  for (const auto& model : probe::tried_models()) pairs += model.held_out ? model.schemes.size() : 0;
  REQUIRE(result.trials.size() == 2 * pairs);
  REQUIRE(seeds.size() == result.trials.size());
  for (std::size_t i = 0; i < seeds.size(); ++i) {
    CHECK(seeds[i] == 5 + i % 2);
    CHECK(result.trials[i].held_out);
  }
  CHECK(result.all.runs.count() == static_cast<int>(2 * pairs));
  CHECK(result.held_out.pairs.count() == static_cast<int>(pairs));
  CHECK(result.fitted.runs.count() == 0);
}

TEST_CASE("probe: a validation sees the normalisation it is given, in probe and training") {
  const auto usual = probe::validate_verdicts(small_setup(), true);
  const auto other = probe::validate_verdicts(small_setup({.mean = {0.5}, .stddev = {0.01}}), true);
  CHECK(usual.trials[0].probe.loss != other.trials[0].probe.loss);
  std::size_t differ = 0;
  for (std::size_t i = 0; i < usual.trials.size(); ++i)
    differ += usual.trials[i].accuracy != other.trials[i].accuracy;
  CHECK(differ > 0);
}

TEST_CASE("probe: a validation of recommendations ranks the recommended scheme among all that were tried") {
  std::set<std::string> models;
  const auto trials = probe::validate_recommendations(
      small_setup(), [&](const std::string& model, const probe::Probed&, double) { models.insert(model); });
  CHECK(trials.size() == models.size());
  for (const auto& t : trials) {
    CHECK(t.rank <= t.of);
    CHECK(t.accuracy <= t.best_accuracy);
  }
}
