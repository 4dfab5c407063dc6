#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include <fanin/compare/grid.hpp>
#include <fanin/compare/grid_team.hpp>
#include <fanin/compare/grid_tuning.hpp>
#include <fanin/compare/guessing.hpp>
#include <fanin/compare/label_budget.hpp>
#include <fanin/compare/until.hpp>
#include <fanin/compare/windows.hpp>
#include <fanin/core/fail.hpp>

namespace fanin::compare {
namespace {

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
  GridTeam team(grid, all, sets, progress, interrupted);
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
