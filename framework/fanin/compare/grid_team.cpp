#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <map>

#include <fanin/autograd/node.hpp>
#include <fanin/compare/grid_team.hpp>
#include <fanin/compare/grid_tuning.hpp>
#include <fanin/compare/label_budget.hpp>
#include <fanin/compare/run_bytes.hpp>
#include <fanin/core/job_team.hpp>
#include <fanin/io/atomic_file.hpp>
#include <fanin/start/slots.hpp>
#include <fanin/train/settings.hpp>

namespace fanin::compare {
namespace {

/// Everything a run's result depends on, as text: the same text means the same bits.
std::string fingerprint(const Grid& grid, const Job& job, const std::string& data, int classes) {
  const Subject& subject = *job.subject;
  train::TrainOptions options = options_of(grid, subject);
  options.seed = job.seed;
  options.optimizer.lr = job.lr;
  std::string text =
      fmt::format("model={} labels={} plan={} data={} least={} draws={} format=7", subject.model,
                  subject.labels_per_class, job.scheme->start.text() + job.scheme->content, data,
                  grid.least_steps, start::draws_version);
  if (job.tuning_share > 0)
    text += fmt::format(" tuning={}", job.tuning_share);
  else if (!keeps_filters(grid, job))
    text += " filters=none";
  if (job.tuning_share > 0 && subject.labels_per_class > 0)
    text += fmt::format(" scored={}", fmt::join(scoring_seeds(grid, subject, classes), ","));
  for (const auto& [name, value] : train::settings_of(options)) {
    // Runs that were kept before there were shards are those of one.
    const bool as_before =
        (name == "shards" && value == "1") || (name == "sync_batch_norm" && value == "false");
    if (!as_before) text += fmt::format(" {}={}", name, value);
  }
  return text;
}

/// About what a run of each subject takes, beside the others: what a forward pass of its model takes now, times
/// the samples that it trains on. The runs themselves will tell more.
std::vector<double> costs_of(const Grid& grid, const std::vector<Subject>& subjects, const data::Sets& sets) {
  std::map<std::string, double> passes;
  const data::Batch batch = data::first_batch(sets.training, 16);
  std::vector<double> costs;
  for (const Subject& subject : subjects) {
    if (!passes.contains(subject.model)) {
      const auto model = grid.build(subject.model);
      for (auto& one : model->named_parameters())
        one.parameter->value.fill(0), one.parameter->origin = nn::Origin::loaded;
      model->eval();
      const NoGrad no_grad;
      (*model)(batch.images);
      const auto begin = std::chrono::steady_clock::now();
      (*model)(batch.images);
      passes[subject.model] = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    }
    const train::TrainOptions options = options_of(grid, subject);
    const Index images =
        subject.labels_per_class > 0 ? subject.labels_per_class * sets.training.classes : sets.training.count;
    costs.push_back(passes[subject.model] *
                    static_cast<double>(std::max(options.epochs * images, grid.least_steps * subject.batch)));
  }
  return costs;
}

Run key_of(const Job& job) {
  return {.model = job.subject->name, .scheme = job.scheme->label, .seed = job.seed};
}

/// What a run is called, and whose rate it has, depends on what else the grid has: it is not kept with it.
Run named(Run run, const Job& job) {
  run.model = job.subject->name;
  run.scheme = job.scheme->label;
  run.rate = job.rate;
  return run;
}

Run read(std::string_view bytes, const Job& job) {
  if (auto run = run_from_bytes(bytes)) return std::move(*run);
  Run lost = key_of(job);
  lost.status = Status::failed;
  lost.message = "what its rank sent of it is damaged";
  return lost;
}

}  // namespace

GridTeam::GridTeam(const Grid& grid, const std::vector<Subject>& subjects, const data::Sets& sets,
                   const GridProgress& progress, const std::atomic<bool>& interrupted)
    : grid_(grid),
      subjects_(subjects),
      sets_(sets),
      progress_(progress),
      interrupted_(interrupted),
      guarded_(guarded()),
      kept_(
          grid.directory.empty() ? "" : grid.directory + "/runs",
          [this](const std::string& notice) {
            const std::lock_guard lock(mutex_);
            if (progress_.on_notice) progress_.on_notice(notice);
          },
          static_cast<bool>(grid.hand_out)) {
  if (grid.directory.empty()) return;
  io::remove_abandoned(grid.directory);
  for (const data::Dataset* set : {&sets.training, &sets.validation, &sets.test})
    data_ += (data_.empty() ? "" : "/") + train::describe(*set);
}

/// The callbacks of runs under way, behind a lock.
GridProgress GridTeam::guarded() {
  GridProgress guarded;
  if (progress_.on_epoch)
    guarded.on_epoch = [this](const auto& model, const auto& scheme, std::uint64_t seed, const auto& record) {
      const std::lock_guard lock(mutex_);
      progress_.on_epoch(model, scheme, seed, record);
    };
  if (progress_.on_step)
    guarded.on_step = [this](const StepTaken& step) {
      const std::lock_guard lock(mutex_);
      progress_.on_step(step);
    };
  return guarded;
}

std::vector<std::optional<Run>> GridTeam::run(const std::vector<Job>& jobs, int& done, int total,
                                              const Told& told) {
  std::vector<std::optional<Run>> results(jobs.size());
  const Finish finish = [&](std::size_t i, Run run, bool reused) {
    results[i] = std::move(run);
    const std::lock_guard lock(mutex_);
    ++done;
    if (told) told(*results[i], done, total, reused);
  };
  std::vector<std::string> prints(jobs.size());
  const auto taken = [&](std::size_t i) {
    prints[i] = fingerprint(grid_, jobs[i], data_, sets_.training.classes);
    auto run = kept_.find(key_of(jobs[i]), prints[i]);
    if (run) finish(i, named(std::move(*run), jobs[i]), true);
    return run.has_value();
  };
  const auto take_or_make = [&](std::size_t i) {
    if (taken(i)) return;
    Run run = run_one(grid_, jobs[i], sets_, guarded_, interrupted_);
    if (run.status == Status::interrupted) return;
    run = named(std::move(run), jobs[i]);
    if (run.status != Status::failed) kept_.keep(run, key_of(jobs[i]), prints[i]);
    finish(i, std::move(run), false);
  };
  const auto stops = [this] { return stopped(); };
  if (!grid_.hand_out) {
    run_jobs(jobs.size(), grid_.jobs, take_or_make, stops);
    return results;
  }
  run_jobs(jobs.size(), grid_.jobs, taken, stops);
  std::vector<Job> left;
  std::vector<std::string> left_prints;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (results[i]) continue;
    left.push_back(jobs[i]);
    left_prints.push_back(prints[i]);
    places.push_back(i);
  }
  hand_out(left, left_prints,
           [&](std::size_t job, Run run, bool reused) { finish(places[job], std::move(run), reused); });
  return results;
}

/// Has the jobs' runs made elsewhere; each is finished once it is on the disk: what was told is never lost.
void GridTeam::hand_out(const std::vector<Job>& jobs, const std::vector<std::string>& prints,
                        const Finish& finish) {
  const auto made = [&](std::size_t job, std::string& bytes, bool failed) {
    auto kept = [&finish, job, &one = jobs[job]](std::string_view run) {
      finish(job, named(read(run, one), one), false);
    };
    if (failed)
      kept(bytes);
    else
      kept_.append(prints[job], bytes, std::move(kept));
  };
  struct Flushed {  // also when it ends in an Error: what was appended tells of this call's results
    const KeptRuns& runs;
    ~Flushed() { runs.flush(); }
  } const flushed{kept_};
  if (!jobs.empty() && !stopped()) {
    if (costs_.empty()) costs_ = costs_of(grid_, subjects_, sets_);
    grid_.hand_out({jobs, subjects_, grid_.schemes.data(), costs_, guarded_,
                    [&](std::size_t job) { return run_one(grid_, jobs[job], sets_, guarded_, interrupted_); },
                    made, [this] { return stopped(); }});
  }
  kept_.flush();
}

}  // namespace fanin::compare
