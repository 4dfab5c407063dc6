#include <doctest/doctest.h>

#include <fanin/compare/results_json.hpp>
#include <fanin/compare/same_bits.hpp>

#include "tests/compare/synthetic.hpp"
#include "tests/message.hpp"

using namespace fanin;
using namespace fanin::compare;
using List = std::vector<std::string>;

namespace {

/// As it comes back from its file.
Comparison read_back(const Comparison& comparison) {
  return comparison_from_json(comparison_json(comparison), "results.json");
}

}  // namespace

TEST_CASE("same bits: a comparison is itself again, through its file and at another pace") {
  Comparison now = synthetic_comparison();
  const Comparison then = read_back(now);
  for (Run& run : now.runs) {
    run.seconds *= 2;
    run.samples_per_s = unknown;
    for (auto& epoch : run.history) epoch.seconds = 9;
  }
  std::swap(now.runs.front(), now.runs.back());  // whatever the order
  const auto again = runs_again(then, now);
  REQUIRE(again.size() == then.runs.size());
  for (const RunAgain& run : again) CHECK_MESSAGE(run.same(), run.run);
  CHECK(again[0].run == then.runs[0].model + " / " + then.runs[0].scheme + " / seed 0");
  CHECK(changed_conditions(then, now).empty());
}

TEST_CASE("same bits: the last bit of anything measured is a difference, and a run that is gone is one") {
  const Comparison then = read_back(synthetic_comparison());
  Comparison now = then;
  now.runs[0].test_loss = std::nextafter(now.runs[0].test_loss, 9.0);
  now.runs[1].history.back().train_loss += 1e-12;
  now.runs[2].status = Status::diverged;
  now.runs.pop_back();
  const auto again = runs_again(then, now);
  CHECK(again[0].differing == List{"test_loss"});
  CHECK(again[1].differing == List{"history"});
  CHECK(again[2].differing == List{"status"});
  CHECK(again[3].same());
  CHECK_FALSE(again.back().made);
  CHECK_FALSE(again.back().same());
}

TEST_CASE("same bits: what it was made with is named where it is another") {
  Comparison then = synthetic_comparison(), now = then;
  then.provenance = {.version = "0.1", .cpu = "one", .isa = "avx2", .jobs = 2};
  then.provenance.data = {{"mnist", "training", 10, "00000001"}, {"mnist", "test", 5, "00000002"}};
  now.provenance = then.provenance;
  CHECK(changed_conditions(then, now).empty());
  now.provenance.jobs = 7;  // no result depends on it
  CHECK(changed_conditions(then, now).empty());
  now.provenance.isa = "avx512";
  now.provenance.data[1].checksum = "00000003";
  then.settings.training = {{"batch", "32"}, {"gone", "1"}};
  now.settings.training = {{"batch", "64"}, {"new", "2"}};
  CHECK(
      changed_conditions(then, now) ==
      List{
          "another instruction set: avx2 then, avx512 now",
          "another test data: mnist (5 images, checksum 00000002) then, mnist (5 images, checksum 00000003) now",
          "another setting batch: 32 then, 64 now", "another setting gone: 1 then, not known now",
          "another setting new: not known then, 2 now"});
}
