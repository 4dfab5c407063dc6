#include "framework/lab/grid.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <optional>

#include "framework/core/error.hpp"
#include "framework/io/atomic_file.hpp"
#include "framework/lab/job_team.hpp"
#include "framework/lab/results_json.hpp"
#include "framework/train/settings.hpp"

namespace fanin::lab {
namespace {

namespace fs = std::filesystem;

/// Everything a run's result depends on, as text: the same text means the same bits. The key's model holds the label budget.
std::string fingerprint(const Grid& grid, const Run& key, const Scheme& scheme, const std::string& data) {
  train::TrainOptions options = grid.training;
  options.seed = key.seed;
  std::string text = fmt::format("model={} plan={} data={} epochs={} least={} patience={} format=4", key.model,
                                 scheme.plan + scheme.content, data, options.epochs, grid.least_steps,
                                 options.early_stopping.patience);
  for (const auto& [name, value] : train::settings_of(options)) text += fmt::format(" {}={}", name, value);
  return text;
}

/// A readable name with a hash behind it, so that runs of other settings never collide.
std::string file_name(const Run& key, const std::string& print) {
  std::string stem = key.model + "-" + key.scheme;
  for (char& c : stem) {
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return fmt::format("{}-{}-{:016x}.json", stem.substr(0, 80), key.seed, derive_seed(0, print));
}

std::optional<Run> reload(const fs::path& path) {
  std::ifstream file(path);
  if (!file) return std::nullopt;
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  try {
    return run_from_json(text, path.string());
  } catch (const Error&) {
    return std::nullopt;  // not a run of ours: it is run again and replaced
  }
}

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
  std::string name = labels_per_class == 0 ? model : fmt::format("{}, {} labels per class", model, labels_per_class);
  return {std::move(name), model, labels_per_class};
}

std::vector<Subject> subjects(const Grid& grid) {
  std::vector<Subject> all;
  for (const auto& model : grid.models) {
    for (const Index labels : grid.labels_per_class) all.push_back(subject(model, labels));
  }
  return all;
}

std::vector<Run> run_grid(const Grid& grid, const Dataset& training, const Dataset& test,
                          const GridProgress& progress, const std::atomic<bool>& interrupted) {
  if (grid.jobs < 1 || grid.jobs > 256)
    fail_usage("compare: jobs must be between 1 and 256, got {}", grid.jobs);
  const auto jobs = jobs_of(grid);
  std::vector<std::optional<Run>> results(jobs.size());
  const fs::path runs_directory = grid.directory.empty() ? fs::path() : fs::path(grid.directory) / "runs";
  if (!runs_directory.empty()) fs::create_directories(runs_directory);

  const std::string data = runs_directory.empty() ? "" : train::describe(training) + "/" + train::describe(test);

  std::mutex mutex;  // guards `done` and the callbacks
  int done = 0;
  const GridProgress guarded{
      .on_epoch = [&](const auto& model, const auto& scheme, std::uint64_t seed, const auto& record) {
        const std::lock_guard lock(mutex);
        if (progress.on_epoch) progress.on_epoch(model, scheme, seed, record);
      }};

  const auto take_one = [&](std::size_t i) {
    const auto& [model, labels, scheme, seed] = jobs[i];
    const Run key{.model = subject(model, labels).name, .scheme = scheme.label, .seed = seed};
    const fs::path path = runs_directory.empty()
                              ? fs::path()
                              : runs_directory / file_name(key, fingerprint(grid, key, scheme, data));
    std::optional<Run> run = path.empty() ? std::nullopt : reload(path);
    const bool reused = run.has_value();
    if (!reused) run = run_one(grid, model, labels, scheme, seed, training, test, guarded, interrupted);
    if (run->status == "interrupted") return;
    if (!reused && !path.empty() && run->status != "failed")
      write_atomically(path.string(), [&](AtomicWriter& file) { file.write(run_json(*run)); });
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

}  // namespace fanin::lab
