#include <fmt/ranges.h>

#include <algorithm>
#include <mutex>
#include <optional>

#include <fanin/compare/grid.hpp>
#include <fanin/compare/kept_runs.hpp>
#include <fanin/core/error.hpp>
#include <fanin/core/job_team.hpp>
#include <fanin/io/atomic_file.hpp>
#include <fanin/start/slots.hpp>
#include <fanin/train/settings.hpp>

namespace fanin::compare {
namespace {

/// Everything a run's result depends on, as text: the same text means the same bits. The key's model holds
/// the label budget.
std::string fingerprint(const Grid& grid, const Run& key, const Scheme& scheme, const std::string& data) {
  train::TrainOptions options = grid.training;
  options.seed = key.seed;
  std::string text =
      fmt::format("model={} plan={} data={} least={} draws={} format=6", key.model,
                  scheme.start.text() + scheme.content, data, grid.least_steps, start::draws_version);
  for (const auto& [name, value] : train::settings_of(options)) text += fmt::format(" {}={}", name, value);
  return text;
}

/// A data set under the normalisation that the options name, for schemes that are fitted to data as well; a
/// copy only where it differs.
class Normalised {
 public:
  Normalised(const data::Dataset& data, const train::TrainOptions& options) : data_(&data) {
    const data::Normalisation& given = options.augment.normalisation();
    if (given.empty() || (data::per_channel(given.mean, data.channels) == data.mean &&
                          data::per_channel(given.stddev, data.channels) == data.stddev))
      return;
    copy_ = data;
    copy_.normalise(given);
    data_ = &copy_;
  }
  Normalised(const Normalised&) = delete;
  Normalised& operator=(const Normalised&) = delete;
  const data::Dataset& data() const { return *data_; }

 private:
  const data::Dataset* data_;
  data::Dataset copy_;
};

struct Job {
  std::string model;
  Index labels;
  Scheme scheme;
  std::uint64_t seed;
};

/// Seeds outermost, so that an interrupted grid has complete seeds to compare.
std::vector<Job> jobs_of(const Grid& grid) {
  std::vector<Job> jobs;
  for (const auto seed : grid.seeds) {
    for (const auto& model : grid.models) {
      for (const Index labels : grid.labels_per_class) {
        for (const auto& scheme : grid.schemes) jobs.push_back({model, labels, scheme, seed});
      }
    }
  }
  return jobs;
}

}  // namespace

Subject subject(const std::string& model, Index labels_per_class) {
  std::string name =
      labels_per_class == 0 ? model : fmt::format("{}, {} labels per class", model, labels_per_class);
  return {std::move(name), model, labels_per_class};
}

std::vector<Subject> subjects(const Grid& grid) {
  std::vector<Subject> all;
  for (const auto& model : grid.models) {
    for (const Index labels : grid.labels_per_class) all.push_back(subject(model, labels));
  }
  return all;
}

std::vector<Run> run_grid(const Grid& grid, const data::Dataset& training_given,
                          const data::Dataset& test_given, const GridProgress& progress,
                          const std::atomic<bool>& interrupted) {
  if (grid.jobs < 1 || grid.jobs > 256)
    fail_usage("compare: jobs must be between 1 and 256, got {}", grid.jobs);
  const Normalised training_set(training_given, grid.training), test_set(test_given, grid.training);
  const data::Dataset &training = training_set.data(), &test = test_set.data();
  const auto jobs = jobs_of(grid);
  std::vector<std::optional<Run>> results(jobs.size());
  const std::string data =
      grid.directory.empty() ? "" : train::describe(training) + "/" + train::describe(test);

  std::mutex mutex;  // guards `done` and the callbacks
  const KeptRuns kept(grid.directory.empty() ? "" : grid.directory + "/runs", [&](const std::string& notice) {
    const std::lock_guard lock(mutex);
    if (progress.on_notice) progress.on_notice(notice);
  });
  if (!grid.directory.empty()) io::remove_abandoned(grid.directory);
  int done = 0;
  const GridProgress guarded{
      .on_epoch = [&](const auto& model, const auto& scheme, std::uint64_t seed, const auto& record) {
        const std::lock_guard lock(mutex);
        if (progress.on_epoch) progress.on_epoch(model, scheme, seed, record);
      }};

  const auto take_one = [&](std::size_t i) {
    const auto& [model, labels, scheme, seed] = jobs[i];
    const Run key{.model = subject(model, labels).name, .scheme = scheme.label, .seed = seed};
    const std::string print = fingerprint(grid, key, scheme, data);
    std::optional<Run> run = kept.find(key, print);
    const bool reused = run.has_value();
    if (!reused) run = run_one(grid, model, labels, scheme, seed, training, test, guarded, interrupted);
    if (run->status == Status::interrupted) return;
    if (!reused && run->status != Status::failed) kept.keep(*run, key, print);
    run->scheme = scheme.label;
    results[i] = std::move(run);
    const std::lock_guard lock(mutex);
    ++done;
    if (progress.on_run) progress.on_run(*results[i], done, static_cast<int>(jobs.size()), reused);
  };

  run_jobs(jobs.size(), grid.jobs, take_one, [&] { return interrupted.load(); });

  std::vector<Run> runs;
  for (auto& result : results) {
    if (result) runs.push_back(std::move(*result));
  }
  return runs;
}

}  // namespace fanin::compare
