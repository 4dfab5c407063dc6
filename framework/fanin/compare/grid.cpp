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

/// The sets under the normalization that the options name, for schemes that are fitted to data as well, and
/// with what all runs validate on; a copy only where that changes them.
class Prepared {
 public:
  Prepared(const data::Sets& given, const train::TrainOptions& options) : sets_(&given) {
    const data::Normalization& named = options.augment.normalization();
    const data::Dataset& training = given.training;
    const data::Share share = train::validation_share(options, given);
    const bool cuts =
        !share.none() && (!options.validation.none() || data::why_not_cut(training, share).empty());
    const bool normalizes =
        !named.empty() && (data::per_channel(named.mean, training.channels) != training.mean ||
                           data::per_channel(named.stddev, training.channels) != training.stddev);
    if (!normalizes && !cuts) return;
    copy_ = given;
    if (cuts) copy_ = data::cut_validation(std::move(copy_), share, options.data_seed);
    for (data::Dataset* set : {&copy_.training, &copy_.validation, &copy_.test})
      if (set->count > 0) set->normalize(named);
    sets_ = &copy_;
  }
  Prepared(const Prepared&) = delete;
  Prepared& operator=(const Prepared&) = delete;
  const data::Sets& sets() const { return *sets_; }

 private:
  const data::Sets* sets_;
  data::Sets copy_;
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

std::vector<Run> run_grid(const Grid& grid, const data::Sets& given, const GridProgress& progress,
                          const std::atomic<bool>& interrupted) {
  if (grid.jobs < 1 || grid.jobs > 256)
    fail_usage("compare: jobs must be between 1 and 256, got {}", grid.jobs);
  const Prepared prepared(given, grid.training);
  const data::Sets& sets = prepared.sets();
  const auto jobs = jobs_of(grid);
  std::vector<std::optional<Run>> results(jobs.size());
  std::string data;
  if (!grid.directory.empty())
    for (const data::Dataset* set : {&sets.training, &sets.validation, &sets.test})
      data += (data.empty() ? "" : "/") + train::describe(*set);

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
    if (!reused) run = run_one(grid, model, labels, scheme, seed, sets, guarded, interrupted);
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
