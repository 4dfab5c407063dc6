#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <fanin/compare/grid.hpp>
#include <fanin/compare/results_json.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/datasets.hpp>
#include <fanin/models.hpp>
#include <fanin/start/initialize.hpp>

#include "tests/compare/small_grid.hpp"
#include "tests/io/scratch.hpp"

using namespace fanin;
using compare::Grid;
using compare::Run;
using compare::Status;

namespace {

const data::Sets& samples() {
  static const data::Sets splits = datasets::load_sets("synthetic(count=200)");
  return splits;
}

Grid grid(std::vector<compare::Scheme> schemes, std::vector<std::uint64_t> seeds = {0, 1}) {
  return small_grid(std::move(schemes), std::move(seeds), 2);
}

std::vector<Run> finished(const Grid& one, const compare::GridProgress& progress = {}) {
  const std::atomic<bool> interrupted{false};
  return compare::run_grid(one, samples(), progress, interrupted).runs;
}

/// A run's JSON without what a clock decided.
std::string timeless(Run run) {
  run.seconds = run.samples_per_s = 0;
  for (auto& epoch : run.history) epoch.seconds = 0;
  return compare::run_json(run);
}

std::vector<std::string> timeless(const std::vector<Run>& runs) {
  std::vector<std::string> all;
  for (const auto& run : runs) all.push_back(timeless(run));
  return all;
}

std::vector<std::filesystem::path> files_in(const std::string& folder) {
  std::vector<std::filesystem::path> all;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) all.push_back(entry.path());
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace

TEST_CASE("grid: the same runs come out, bit for bit, however many work at a time") {
  Grid one = grid({{"default", "default"}, {"xavier_normal", "xavier_normal"}, {"zeros", "zeros"}});
  one.models = {"mlp(hidden=16)", "lenet"};
  one.training.epochs = 1;
  const auto alone = finished(one);
  REQUIRE(alone.size() == 12);
  one.jobs = 2;
  CHECK(timeless(finished(one)) == timeless(alone));
  // Seeds outermost, then models, then schemes.
  CHECK(alone[0].seed == 0);
  CHECK(alone[3].model == "lenet");
  CHECK(alone[4].scheme == "xavier_normal");
  CHECK(alone[6].seed == 1);
  for (const auto& run : alone) {
    CHECK(run.status == Status::ok);
    CHECK(run.history.size() == 1);
    CHECK_FALSE(run.profile_start.empty());
    CHECK(run.profile_end.size() == run.profile_start.size());
    CHECK(run.filters.before.empty() == (run.seed != 0));  // one seed's are enough to look at
    CHECK(run.filters.after.size() == run.filters.before.size());
    CHECK(run.plan.find("fc1.weight=") != std::string::npos);
  }
  CHECK(alone[0].test_loss != alone[6].test_loss);
}

TEST_CASE("grid: one seed gives every scheme the same batches, whatever it draws") {
  // Schemes that end in the same weights after drawing very different numbers of random values: equal
  // histories need equal batches.
  Grid one =
      grid({{"zeros", "zeros"}, {"tiny", "normal(std=1e-30)"}, {"sparse", "sparse(sparsity=0.5, std=1e-30)"}},
           {4});
  const auto runs = finished(one);
  REQUIRE(runs.size() == 3);
  CHECK(runs[0].diagnosis.starts_with("dead at "));  // what the page says beside zeros
  for (std::size_t i = 1; i < 3; ++i) {
    CHECK(runs[i].history[0].train_loss == doctest::Approx(runs[0].history[0].train_loss).epsilon(1e-6));
    CHECK(runs[i].history[1].test_loss == doctest::Approx(runs[0].history[1].test_loss).epsilon(1e-6));
  }
  one.seeds = {5};
  CHECK(finished(one)[0].history[0].train_loss !=
        doctest::Approx(runs[0].history[0].train_loss).epsilon(1e-6));
}

TEST_CASE("grid: a run that diverges is recorded at its step, and the others go on") {
  Grid one = grid({{"wild", "normal(std=100)"}, {"default", "default"}}, {0});
  one.models = {"mlp(hidden=64)"};
  one.training.optimizer.lr = 1e6;
  const auto wild = finished(one)[0];
  CHECK(wild.status == Status::diverged);
  REQUIRE(wild.diverged_step);
  CHECK(wild.message.find(std::to_string(*wild.diverged_step)) != std::string::npos);
  CHECK(wild.test_accuracy <= 0.3);
  one.training.optimizer.lr = 0.01;
  const auto both = finished(one);
  REQUIRE(both.size() == 2);
  CHECK(both[1].status == Status::ok);
  // What was not finite is null in the file, and the file reads back.
  const Run again = compare::run_from_json(compare::run_json(wild), "wild.json");
  CHECK(again.status == Status::diverged);
  CHECK(again.diverged_step == wild.diverged_step);
}

TEST_CASE("grid: finished runs are kept and used again; a broken file is run again and replaced") {
  const Scratch scratch;
  Grid one = grid({{"default", "default"}, {"orthogonal", "orthogonal"}});
  one.directory = scratch.folder();
  int reused = 0, trained = 0;
  const compare::GridProgress progress{.on_run = [&](const Run&, int, int total, bool kept) {
    CHECK(total == 4);
    ++(kept ? reused : trained);
  }};
  const auto first = finished(one, progress);
  CHECK(trained == 4);
  const auto files = files_in(scratch / "runs");
  REQUIRE(files.size() == 4);

  const auto second = finished(one, progress);
  CHECK(reused == 4);
  CHECK(trained == 4);
  for (std::size_t i = 0; i < 4; ++i) CHECK(compare::run_json(second[i]) == compare::run_json(first[i]));

  const auto size = std::filesystem::file_size(files[0]);
  std::filesystem::resize_file(files[0], size / 2);
  std::ofstream(files[1], std::ios::trunc) << "[1, 2, 3]\n";
  std::ofstream(files[2], std::ios::trunc);
  const auto third = finished(one, progress);
  CHECK(reused == 5);
  CHECK(trained == 7);
  CHECK(timeless(third) == timeless(first));
  CHECK(std::filesystem::file_size(files[0]) >= size - 200);

  one.jobs = 2;
  CHECK(timeless(finished(one, progress)) == timeless(first));
  CHECK(trained == 7);

  // Where another seed is the first, it is the one that is shown.
  one.seeds = {1, 0};
  const auto other = finished(one);
  CHECK_FALSE(other[0].filters.before.empty());
  CHECK(other[0].history.back().train_loss == first[2].history.back().train_loss);
}

TEST_CASE("grid: a run under other settings or other data is never taken for this one") {
  const Scratch scratch;
  Grid one = grid({{"default", "default"}}, {0});
  one.directory = scratch.folder();
  int trained = 0;
  const compare::GridProgress progress{
      .on_run = [&](const Run&, int, int, bool kept) { trained += kept ? 0 : 1; }};
  finished(one, progress);
  CHECK(trained == 1);
  Grid other = one;
  other.training.optimizer.lr = 0.05;
  finished(other, progress);
  CHECK(trained == 2);
  other = one;
  other.schemes = {{"default", "zeros"}};  // the same label over another plan
  finished(other, progress);
  CHECK(trained == 3);
  other = one;
  other.training.class_weights = Tensor::from({1, 2, 1, 1, 1, 1, 1, 1, 1, 1}, {10});
  finished(other, progress);
  CHECK(trained == 4);
  // Data of the same name and size, but other pixels.
  const data::Sets noisy = datasets::load_sets("synthetic(count=200, noise=0.5)");
  const std::atomic<bool> interrupted{false};
  compare::run_grid(one, noisy, progress, interrupted);
  CHECK(trained == 5);
  finished(one, progress);
  CHECK(trained == 5);
}

TEST_CASE("grid: an interruption keeps the finished runs, and the same grid goes on from there") {
  const Scratch scratch;
  Grid one = grid({{"default", "default"}, {"orthogonal", "orthogonal"}});
  const auto whole = finished(one);
  one.directory = scratch.folder();
  std::atomic<bool> interrupted{false};
  int epochs = 0;
  const compare::GridProgress stopping{
      .on_epoch = [&](const auto&, const auto&, std::uint64_t, const train::EpochRecord&) {
        if (++epochs == 3) interrupted = true;  // in the middle of the second run
      }};
  const auto some = compare::run_grid(one, samples(), stopping, interrupted).runs;
  CHECK(some.size() == 1);
  CHECK(files_in(scratch / "runs").size() == 1);
  int reused = 0;
  const compare::GridProgress counting{.on_run = [&](const Run&, int, int, bool kept) { reused += kept; }};
  CHECK(timeless(finished(one, counting)) == timeless(whole));
  CHECK(reused == 1);
}

TEST_CASE("grid: the weights of a run with a label budget may be fitted to that budget alone") {
  Grid one = grid({{"default", "default"}}, {0, 1});
  one.labels_per_class = {3, 0};
  const auto usual = one.initialize;
  std::vector<Index> seen;
  one.initialize = [&](nn::Module& model, const compare::Scheme& scheme, std::uint64_t seed,
                       const data::Dataset& training) {
    seen.push_back(training.count);
    if (training.count == 30) CHECK(training.labels == samples().training.take_per_class(3, seed).labels);
    return usual(model, scheme, seed, training);
  };
  finished(one);
  CHECK(seen == std::vector<Index>{30, samples().training.count, 30, samples().training.count});
}

TEST_CASE("grid: a run that fails is recorded with its reason; a mistyped text ends the grid") {
  Grid one = grid({{"default", "default"}, {"broken", "default"}}, {0});
  const auto usual = one.initialize;
  one.initialize = [usual](nn::Module& model, const compare::Scheme& scheme, std::uint64_t seed,
                           const data::Dataset& training) -> std::string {
    if (scheme.label == "broken") fail("the file of weights is gone");
    return usual(model, scheme, seed, training);
  };
  const auto runs = finished(one);
  REQUIRE(runs.size() == 2);
  CHECK(runs[0].status == Status::ok);
  CHECK(runs[1].status == Status::failed);
  CHECK(runs[1].message == "the file of weights is gone");

  Grid mistyped = grid({{"default", "default"}, {"kaimin", "kaimin=zeros"}}, {0});
  CHECK_THROWS_WITH_AS(finished(mistyped), doctest::Contains("kaimin"), Error);
  Grid crowded = grid({{"default", "default"}}, {0});
  crowded.jobs = 0;
  CHECK_THROWS_AS(finished(crowded), Error);
  crowded.jobs = 257;
  CHECK_THROWS_AS(finished(crowded), Error);
}

TEST_CASE("grid: a run keeps the singular values of its weights, before and after") {
  const Run run = finished(grid({{"orthogonal", "orthogonal"}}, {0})).at(0);
  REQUIRE(run.parameters[0].name == "fc1.weight");
  const compare::SpectrumSnapshot &before = run.parameters[0].spectrum_before,
                                  &after = run.parameters[0].spectrum_after;
  REQUIRE(before.values.size() == 16);
  for (const float value : before.values) CHECK(value == doctest::Approx(before.norm).epsilon(1e-4));
  CHECK(before.stable_rank == doctest::Approx(16).epsilon(1e-4));
  CHECK(before.condition == doctest::Approx(1).epsilon(1e-4));
  CHECK(after.norm > before.norm);
  CHECK(after.stable_rank < before.stable_rank);
  for (const auto& one : run.parameters) CHECK(one.spectrum_before.values.empty() == (one.shape.size() < 2));
  // ‖W‖_F² is the stable rank times the norm's square, and what mean and deviation say.
  const Run drawn = finished(grid({{"normal", "normal(mean=0.01, std=0.1)"}}, {0})).at(0);
  const auto& weight = drawn.parameters[0];
  const double squares = 16 * 784 * (weight.std * weight.std + weight.mean * weight.mean);
  CHECK(weight.spectrum_before.stable_rank * weight.spectrum_before.norm * weight.spectrum_before.norm ==
        doctest::Approx(squares).epsilon(1e-3));
}
