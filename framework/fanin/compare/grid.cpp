#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include <fanin/autograd/node.hpp>
#include <fanin/compare/grid.hpp>
#include <fanin/compare/grid_tuning.hpp>
#include <fanin/compare/guessing.hpp>
#include <fanin/compare/kept_runs.hpp>
#include <fanin/compare/label_budget.hpp>
#include <fanin/compare/run_bytes.hpp>
#include <fanin/compare/until.hpp>
#include <fanin/compare/windows.hpp>
#include <fanin/core/fail.hpp>
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

/// A tenth also where rates are compared by it.
data::Share wanted_share(const Grid& grid, const data::Sets& sets) {
  train::TrainOptions options = grid.training;
  if (grid.tune || grid.rates.size() > 1) options.threshold = 1;  // a choice like any other
  return train::validation_share(options, sets);
}

/// The sets under the normalization that the options name, for schemes that are fitted to data as well, and
/// with what all runs validate on; a copy only where that changes them.
class Prepared {
 public:
  Prepared(const data::Sets& given, const Grid& grid) : sets_(&given) {
    const train::TrainOptions& options = grid.training;
    const data::Normalization& named = options.augment.normalization();
    const data::Dataset& training = given.training;
    const data::Share share = validation_share(grid, given);
    const bool cuts = !share.none();
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

/// How a grid's runs are made: what is kept is taken, several at a time, told one at a time.
class Team {
 public:
  using Told = std::function<void(const Run& run, int done, int total, bool reused)>;

  Team(const Grid& grid, const std::vector<Subject>& subjects, const data::Sets& sets,
       const GridProgress& progress, const std::atomic<bool>& interrupted)
      : grid_(grid),
        subjects_(subjects),
        sets_(sets),
        progress_(progress),
        interrupted_(interrupted),
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
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  /// The jobs' runs, none for one that was interrupted; `done`, of `total`, counts on through several calls.
  std::vector<std::optional<Run>> run(const std::vector<Job>& jobs, int& done, int total, const Told& told) {
    std::vector<std::optional<Run>> results(jobs.size());
    GridProgress guarded;
    if (progress_.on_epoch)
      guarded.on_epoch = [&](const auto& model, const auto& scheme, std::uint64_t seed, const auto& record) {
        const std::lock_guard lock(mutex_);
        progress_.on_epoch(model, scheme, seed, record);
      };
    if (progress_.on_step)
      guarded.on_step = [&](const StepTaken& step) {
        const std::lock_guard lock(mutex_);
        progress_.on_step(step);
      };
    const auto finish = [&](std::size_t i, Run run, bool reused) {
      results[i] = std::move(run);
      const std::lock_guard lock(mutex_);
      ++done;
      if (told) told(*results[i], done, total, reused);
    };
    const auto stopped = [this] { return interrupted_.load(); };
    std::vector<std::string> prints(jobs.size());
    const auto taken = [&](std::size_t i) {
      prints[i] = fingerprint(grid_, jobs[i], data_, sets_.training.classes);
      auto run = kept_.find(key_of(jobs[i]), prints[i]);
      if (run) finish(i, named(std::move(*run), jobs[i]), true);
      return run.has_value();
    };
    const auto take_or_make = [&](std::size_t i) {
      if (taken(i)) return;
      Run run = run_one(grid_, jobs[i], sets_, guarded, interrupted_);
      if (run.status == Status::interrupted) return;
      run = named(std::move(run), jobs[i]);
      if (run.status != Status::failed) kept_.keep(run, key_of(jobs[i]), prints[i]);
      finish(i, std::move(run), false);
    };
    if (!grid_.hand_out) {
      run_jobs(jobs.size(), grid_.jobs, take_or_make, stopped);
      return results;
    }
    run_jobs(jobs.size(), grid_.jobs, taken, stopped);
    std::vector<Job> left;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      if (results[i]) continue;
      left.push_back(jobs[i]);
      places.push_back(i);
    }
    const auto made = [&](std::size_t job, std::string& bytes, bool failed) {
      // It is told once it is on the disk: what was told is never lost.
      auto kept = [&finish, i = places[job], &one = left[job]](std::string_view run) {
        finish(i, named(read(run, one), one), false);
      };
      if (failed)
        kept(bytes);
      else
        kept_.append(prints[places[job]], bytes, std::move(kept));
    };
    struct Flushed {  // also when it ends in an Error: what was appended tells of this call's results
      const KeptRuns& runs;
      ~Flushed() { runs.flush(); }
    } const flushed{kept_};
    if (!left.empty() && !stopped()) {
      if (costs_.empty()) costs_ = costs_of(grid_, subjects_, sets_);
      grid_.hand_out(
          {left, subjects_, grid_.schemes.data(), costs_, guarded,
           [&](std::size_t job) { return run_one(grid_, left[job], sets_, guarded, interrupted_); }, made,
           stopped});
    }
    kept_.flush();
    return results;
  }

 private:
  static Run key_of(const Job& job) {
    return {.model = job.subject->name, .scheme = job.scheme->label, .seed = job.seed};
  }
  static Run read(std::string_view bytes, const Job& job) {
    if (auto run = run_from_bytes(bytes)) return std::move(*run);
    Run lost = key_of(job);
    lost.status = Status::failed;
    lost.message = "what its rank sent of it is damaged";
    return lost;
  }
  /// What a run is called, and whose rate it has, depends on what else the grid has: it is not kept with it.
  static Run named(Run run, const Job& job) {
    run.model = job.subject->name;
    run.scheme = job.scheme->label;
    run.rate = job.rate;
    return run;
  }

  const Grid& grid_;
  const std::vector<Subject>& subjects_;
  const data::Sets& sets_;
  const GridProgress& progress_;
  const std::atomic<bool>& interrupted_;
  std::mutex mutex_;  // guards the callbacks
  KeptRuns kept_;
  std::string data_;
  std::vector<double> costs_;
};

/// The runs that a grid reports: seeds outermost, so that an interrupted one has complete seeds to compare.
class Reported {
 public:
  Reported(const Grid& grid, const std::vector<Subject>& subjects, const Tuning& tuning)
      : grid_(grid), subjects_(subjects), tuning_(tuning) {}

  /// The jobs of these seeds for the groups that are wanted. Of a scheme whose own rate is the common one,
  /// there is one for both.
  std::vector<Job> jobs(std::size_t first_seed, std::size_t end_seed,
                        const std::function<bool(const Group&)>& wanted) const {
    std::vector<Job> jobs;
    for (std::size_t i = first_seed; i < end_seed; ++i) {
      for (std::size_t s = 0; s < subjects_.size(); ++s) {
        for (std::size_t k = 0; k < grid_.schemes.size(); ++k) {
          const Subject& subject = subjects_[s];
          const Scheme& scheme = grid_.schemes[k];
          std::vector<double> rates;
          for (const RatePick pick : {RatePick::common, RatePick::own}) {
            if (pick == RatePick::own && !grid_.tune) continue;
            const double lr = rate(s, k, pick);
            if (!wanted({subject.name, scheme.label, pick})) continue;
            if (rates == std::vector{lr}) continue;
            rates.push_back(lr);
            jobs.push_back({&subject, &scheme, grid_.seeds[i], lr, pick});
          }
        }
      }
    }
    return jobs;
  }

  /// Takes what became of the jobs.
  void take(const std::vector<Job>& jobs, std::vector<std::optional<Run>> results,
            const std::function<bool(const Group&)>& wanted) {
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      if (!results[i]) continue;
      const Job& job = jobs[i];
      runs.push_back(std::move(*results[i]));
      if (!grid_.tune || job.rate == RatePick::own) continue;
      const auto s = static_cast<std::size_t>(job.subject - subjects_.data());
      const auto k = static_cast<std::size_t>(job.scheme - grid_.schemes.data());
      if (rate(s, k, RatePick::own) != job.lr) continue;
      if (!wanted({job.subject->name, job.scheme->label, RatePick::own})) continue;
      runs.push_back(runs.back());
      runs.back().rate = RatePick::own;
    }
  }

  std::vector<Run> runs;

 private:
  double rate(std::size_t subject, std::size_t scheme, RatePick pick) const {
    if (!grid_.tune) return common_rate(grid_, subjects_[subject]);
    const TunedRates& tuned = tuning_.rates[subject];
    return pick == RatePick::common ? tuned.common : tuned.own[scheme];
  }

  const Grid& grid_;
  const std::vector<Subject>& subjects_;
  const Tuning& tuning_;
};

/// What the summary knows a grid by, as far as it decides who needs more seeds.
Settings settings_until(const Grid& grid, const std::vector<Subject>& subjects, const data::Sets& sets) {
  Settings settings{.seeds = grid.seeds,
                    .default_scheme = grid.baseline.empty() ? baseline_of(grid) : grid.baseline,
                    .classes = sets.training.classes,
                    .until = grid.until};
  for (const Subject& subject : subjects) settings.models.push_back(subject.name);
  for (const Scheme& scheme : grid.schemes) settings.schemes.push_back(scheme.label);
  return settings;
}

/// The accuracy up to which validation shows nothing, for each subject.
std::vector<double> guessing_levels(const Grid& grid, const std::vector<Subject>& subjects,
                                    const data::Sets& sets) {
  std::vector<double> levels;
  for (const Subject& subject : subjects) {
    const Index labels = subject.labels_per_class;
    if (labels == 0 && !sets.has_validation())
      fail_usage("rates are tuned on validation images, and '{}' has none to set aside: {}",
                 sets.training.name, data::why_not_cut(sets.training, wanted_share(grid, sets)));
    levels.push_back(
        luck_of_guessing(labels == 0 ? sets.validation
                                     : budget_for_tuning(sets.training, labels, tuning_seeds(grid).front(),
                                                         scoring_seeds(grid, subject, sets.training.classes))
                                           .validation));
  }
  return levels;
}

/// How rates were tuned, in sentences.
std::vector<std::pair<std::string, std::string>> tuning_facts(const Grid& grid,
                                                              const std::vector<Subject>& subjects,
                                                              const data::Sets& sets) {
  const auto seeds = tuning_seeds(grid);
  std::vector<std::string> chosen_on;
  for (const Subject& subject : subjects) {
    const Index labels = subject.labels_per_class;
    const std::string on =
        labels == 0 ? fmt::format("{} validation images", sets.validation.count)
                    : fmt::format("{} labels per class: the images of {} other seeds' budgets", labels,
                                  scoring_seeds(grid, subject, sets.training.classes).size());
    if (std::find(chosen_on.begin(), chosen_on.end(), on) == chosen_on.end()) chosen_on.push_back(on);
  }
  return {{"tuning_seeds", fmt::format("{} to {}", seeds.front(), seeds.back())},
          {"tuning_budget", fmt::format("{} whole runs for each scheme", tuning_budget(grid))},
          {"rates_chosen_on", fmt::format("{}", fmt::join(chosen_on, "; "))}};
}

}  // namespace

data::Share validation_share(const Grid& grid, const data::Sets& sets) {
  const auto& budgets = grid.labels_per_class;
  if (std::find(budgets.begin(), budgets.end(), 0) == budgets.end()) return {};
  const data::Share share = wanted_share(grid, sets);
  const bool asked = !grid.training.validation.none();
  return asked || data::why_not_cut(sets.training, share).empty() ? share : data::Share();
}

GridResult run_grid(const Grid& grid, const data::Sets& given, const GridProgress& progress,
                    const std::atomic<bool>& interrupted) {
  if (grid.jobs < 1 || grid.jobs > 256)
    fail_usage("compare: jobs must be between 1 and 256, got {}", grid.jobs);
  const auto all = subjects(grid);
  const Prepared prepared(given, grid);
  const data::Sets& sets = prepared.sets();
  Team team(grid, all, sets, progress, interrupted);
  GridResult found;
  Tuning tuning;
  if (grid.tune) {
    const auto guessing = guessing_levels(grid, all, sets);
    int done = 0;
    const auto total = static_cast<int>(tuning_runs(grid) * all.size() * grid.schemes.size());
    tuning = tune_rates(grid, all, guessing, [&](const std::vector<Job>& jobs) {
      return team.run(jobs, done, total, progress.on_tuning);
    });
    found.tuning = std::move(tuning.runs);
    found.windows = std::move(tuning.windows);
    found.facts = tuning_facts(grid, all, sets);
    if (tuning.rates.empty()) return found;  // interrupted
  }

  Reported reported(grid, all, tuning);
  const Settings settings = settings_until(grid, all, sets);
  std::vector<Group> open;
  bool first = true;
  const auto wanted = [&](const Group& group) {
    return first || std::find(open.begin(), open.end(), group) != open.end();
  };
  int done = 0;
  std::size_t begin = 0;
  for (const std::size_t end : grid.until > 0 ? looks(grid.seeds.size()) : std::vector{grid.seeds.size()}) {
    const auto jobs = reported.jobs(begin, end, wanted);
    const auto later = reported.jobs(end, grid.seeds.size(), wanted).size();  // at most
    const int total = done + static_cast<int>(jobs.size() + later);
    reported.take(jobs, team.run(jobs, done, total, progress.on_run), wanted);
    if (interrupted) break;
    if (grid.until > 0) open = unsettled(settings, reported.runs);
    first = false;
    begin = end;
  }
  found.runs = std::move(reported.runs);
  if (!grid.tune && sets.has_validation())
    found.windows = windows_of(all, settings.schemes, found.runs, luck_of_guessing(sets.validation));
  return found;
}

void serve_grid(const Grid& grid, const data::Sets& given,
                const std::function<void(const std::vector<Subject>&, const data::Sets&)>& serve) {
  const auto all = subjects(grid);
  const Prepared prepared(given, grid);
  serve(all, prepared.sets());
}

}  // namespace fanin::compare
