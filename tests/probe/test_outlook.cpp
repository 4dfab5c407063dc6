// What the verdict on a run is made from, and that its weights are those of the stored results.
#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>

#include <fanin/core/error.hpp>
#include <fanin/probe/recommend.hpp>

#include "examples/probe_validation/report.hpp"

using namespace fanin;
using doctest::Approx;

namespace {

/// A run as they train.
probe::FirstSteps good() {
  return {.steps = 15,
          .run_steps = 1000,
          .chance_loss = std::log(10),
          .loss_before = 2.4,
          .slope_before = 1,
          .loss_after = 1.5,
          .right_after = 0.4,
          .gradient_most = 1,
          .feature_rank = 20,
          .loss_pressed = 1.2,
          .right_pressed = 0.5,
          .slope_pressed = 1,
          .gradient_least = 0.5};
}

}  // namespace

TEST_CASE("outlook: every measure is finite, whatever was seen") {
  for (const float odd : {0.0F, -1.0F, 1e38F, INFINITY, -INFINITY, NAN}) {
    probe::FirstSteps seen = good();
    for (double* member : {&seen.loss_before, &seen.slope_before, &seen.loss_after, &seen.right_after,
                           &seen.gradient_most, &seen.loss_pressed, &seen.right_pressed, &seen.slope_pressed,
                           &seen.gradient_least, &seen.feature_rank})
      *member = static_cast<double>(odd);
    for (const double value : probe::weigh(seen)) CHECK(std::isfinite(value));
    CHECK(std::isfinite(probe::outlook(seen).log_odds));
  }
}

TEST_CASE(
    "outlook: a run whose loss falls fast will train, one that diverges or stands still will not, and says why") {
  CHECK(probe::outlook(good()).trains());
  CHECK(probe::outlook(good()).chance() > 0.5);
  probe::FirstSteps diverged = {.steps = 15,
                                .run_steps = 1000,
                                .chance_loss = std::log(10),
                                .loss_before = 2.4,
                                .slope_before = 1,
                                .loss_after = NAN,
                                .loss_pressed = NAN};
  CHECK_FALSE(probe::outlook(diverged).trains());
  CHECK(probe::outlook(diverged).reason == "the first steps diverge");
  probe::FirstSteps still = good();
  still.loss_after = still.loss_pressed = 2.4;
  still.right_after = still.right_pressed = 0.1;
  still.gradient_least = still.slope_pressed = 1e-6;
  CHECK_FALSE(probe::outlook(still).trains());
  CHECK_FALSE(probe::outlook(still).reason.empty());
  probe::FirstSteps edge = still;
  edge.loss_pressed = NAN;
  CHECK(probe::outlook(edge).reason == "at 3 times the rate the first steps diverge");
}

TEST_CASE("outlook: its weights are the fit of the stored results") {
  using namespace probe_validation;
  const std::string folder = "examples/probe_validation";
  const auto all =
      cases(read_truth(folder + "/truth.jsonl"), read_first_steps(folder + "/first_steps.jsonl"));
  REQUIRE(all.size() > 100);
  const auto refit = fit(all);
  const auto means = usual(all);
  const auto& used = probe::fitted();
  CHECK(used.intercept == Approx(refit.intercept).epsilon(1e-3));
  REQUIRE(used.weights.size() == refit.weights.size());
  REQUIRE(means.size() == refit.weights.size());
  for (std::size_t i = 0; i < refit.weights.size(); ++i) {
    CHECK(used.weights[i] == Approx(refit.weights[i]).epsilon(1e-3));
    CHECK(probe::evidence()[i].usual == Approx(means[i]).epsilon(1e-3));
  }
}

TEST_CASE("validation: a family that is left out is judged by the others alone, each pair once") {
  using namespace probe_validation;
  std::vector<Case> all;
  for (const Pair& pair : all_pairs()) {
    probe::FirstSteps seen = good();
    const bool trains = all.size() % 2 == 0;
    if (!trains) seen.loss_after = seen.loss_pressed = 2.5, seen.right_after = seen.right_pressed = 0.1;
    // tanh tells the opposite of what all others do: judged by itself it would look right
    const bool truth = pair.activation == "tanh" ? !trains : trains;
    all.push_back({pair, {.accuracy = truth ? 0.8 : 0.1}, seen});
  }
  int pairs = 0, reported = 0;
  for (const Case& one : all) reported += one.pair.kept_back() || one.pair.activation.empty() ? 0 : 1;
  for (const FamilyScore& one : leave_one_out(all, true)) {
    CAPTURE(one.family);
    pairs += one.score.count();
    const bool wrong = one.family == "tanh";
    CHECK(one.score.right_trains + one.score.right_fails == (wrong ? 0 : one.score.count()));
  }
  CHECK(pairs == reported);
  for (const FamilyScore& one : kept_back(all))
    CHECK(one.score.right_trains + one.score.right_fails >= one.score.count() - 3);  // tanh
  CHECK(report(all).find("| **all** |") != std::string::npos);
}

TEST_CASE("validation: what is known comes back from its file; a file of another kind is refused") {
  using namespace probe_validation;
  const std::string path = (std::filesystem::temp_directory_path() / "fanin-known.jsonl").string();
  const auto pairs = all_pairs();
  probe::FirstSteps wild = good();
  wild.loss_after = NAN;
  wild.slope_pressed = INFINITY;
  write(path, Known<probe::FirstSteps>{{pairs[3].key(), wild}, {pairs[1].key(), good()}});
  const auto read = read_first_steps(path);
  REQUIRE(read.size() == 2);
  CHECK(std::isnan(read.at(pairs[3].key()).loss_after));
  CHECK(std::isinf(read.at(pairs[3].key()).slope_pressed));
  CHECK(read.at(pairs[1].key()).feature_rank == 20);
  CHECK_THROWS_AS(read_truth(path), Error);
  std::filesystem::remove(path);
  CHECK(read_truth(path).empty());
}
