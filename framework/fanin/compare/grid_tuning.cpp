#include <algorithm>
#include <cmath>

#include <fanin/compare/counted_runs.hpp>
#include <fanin/compare/grid_tuning.hpp>
#include <fanin/compare/label_budget.hpp>
#include <fanin/compare/rate_search.hpp>
#include <fanin/compare/until.hpp>
#include <fanin/compare/windows.hpp>

namespace fanin::compare {
namespace {

// Numbers that nobody takes for the seeds of a report, and that stay the same when it gets more of them.
constexpr std::uint64_t first_tuning_seed = 1'000'000, first_scoring_seed = 2'000'000;

/// A scheme's race on one subject.
struct Race {
  std::size_t subject, scheme;
  std::vector<double> axis;       ///< that it begins with
  std::vector<double> rates;      ///< to be run next
  RateScores scores;              ///< of this round
  std::vector<RateTrial> trials;  ///< of all rounds
};

std::vector<double> axis_of(const Grid& grid, const Subject& subject) {
  std::vector<double> axis = grid.rates.size() > 1 ? grid.rates : rates_about(common_rate(grid, subject));
  std::sort(axis.begin(), axis.end());
  return axis;
}

std::size_t trials_of(const Grid& grid) {
  return (grid.rates.size() > 1 ? grid.rates.size() : rates_about(1).size()) + further_rates;
}

RateScore score_of(const std::vector<Run>& runs) {
  RateScore mean{0, 0};
  for (const Run& run : runs) {
    const bool measured = !is_dead(run) && std::isfinite(run.validation_loss);
    mean.accuracy += run.validation_accuracy / static_cast<double>(runs.size());
    mean.loss += measured ? run.validation_loss / static_cast<double>(runs.size()) : HUGE_VAL;
  }
  return mean;
}

class Tuner {
 public:
  Tuner(const Grid& grid, const std::vector<Subject>& subjects, const std::vector<double>& guessing,
        const RunJobs& run_jobs)
      : grid_(grid),
        subjects_(subjects),
        guessing_(guessing),
        run_jobs_(run_jobs),
        rounds_(halving_rounds(trials_of(grid), tuning_budget(grid))),
        seeds_(tuning_seeds(grid)) {
    for (std::size_t s = 0; s < subjects.size(); ++s)
      for (std::size_t k = 0; k < grid.schemes.size(); ++k) {
        const auto axis = axis_of(grid, subjects[s]);
        races_.push_back({s, k, axis, axis, {}, {}});
      }
  }

  Tuning tune() {
    if (!first_round()) return std::move(found_);
    std::vector<double> common;
    for (std::size_t s = 0; s < subjects_.size(); ++s) common.push_back(common_of(s));
    for (std::size_t round = 1; round < rounds_.size(); ++round) {
      for (Race& race : races_) {
        race.rates = best_rates(race.scores, rounds_[round].rates, guessing_[race.subject]);
        race.scores.clear();
      }
      if (!run(round)) return std::move(found_);
    }
    for (std::size_t s = 0; s < subjects_.size(); ++s) found_.rates.push_back({common[s], {}});
    for (const Race& race : races_) {
      const double best = best_rates(race.scores, 1, guessing_[race.subject]).front();
      found_.rates[race.subject].own.push_back(best);
      add_window(race, best);
    }
    return std::move(found_);
  }

 private:
  /// The axis, and what it suggests.
  bool first_round() {
    if (!run(0)) return false;
    for (std::size_t further = 0; further < further_rates; ++further) {
      for (Race& race : races_) race.rates = {next_rate(race.scores, guessing_[race.subject])};
      if (!run(0)) return false;
    }
    return true;
  }

  /// Runs every race's `rates` with the round's seeds and share; whether all were run.
  bool run(std::size_t round) {
    const HalvingRound& shape = rounds_[round];
    std::size_t first_seed = 0;
    for (std::size_t before = 0; before < round; ++before)
      first_seed += static_cast<std::size_t>(rounds_[before].seeds);
    const auto seeds = static_cast<std::size_t>(shape.seeds);
    std::vector<Job> jobs;
    for (const Race& race : races_) {
      for (const double lr : race.rates)
        for (std::size_t i = 0; i < seeds; ++i)
          jobs.push_back({.subject = &subjects_[race.subject],
                          .scheme = &grid_.schemes[race.scheme],
                          .seed = seeds_[first_seed + i],
                          .lr = lr,
                          .rate = RatePick::own,
                          .tuning_share = shape.share});
    }
    auto results = run_jobs_(jobs);
    std::size_t next = 0;
    bool all = true;
    for (Race& race : races_) {
      for (const double lr : race.rates) {
        std::vector<Run> runs;
        for (std::size_t i = 0; i < seeds; ++i)
          if (auto& one = results[next++]) runs.push_back(std::move(*one));
        all = all && runs.size() == seeds;
        if (runs.size() == seeds) race.scores[lr] = score_of(runs);
        for (Run& one : runs) {
          race.trials.push_back({lr, one.validation_accuracy, is_dead(one), static_cast<int>(round)});
          found_.runs.push_back(std::move(one));
        }
      }
    }
    return all;
  }

  double common_of(std::size_t subject) const {
    if (grid_.rates.size() < 2) return common_rate(grid_, subjects_[subject]);
    RateScores means;
    for (const double lr : axis_of(grid_, subjects_[subject])) {
      RateScore mean{0, 0};
      for (const Race& race : races_) {
        if (race.subject != subject) continue;
        mean.accuracy += race.scores.at(lr).accuracy;
        mean.loss += race.scores.at(lr).loss;
      }
      means[lr] = mean;
    }
    return best_rates(means, 1, 0).front();
  }

  void add_window(const Race& race, double best) {
    Window window = window_of(race.trials, guessing_[race.subject], best);
    window.subject = subjects_[race.subject].window;
    window.scheme = grid_.schemes[race.scheme].label;
    window.share = rounds_.front().share;
    found_.windows.push_back(std::move(window));
  }

  const Grid& grid_;
  const std::vector<Subject>& subjects_;
  const std::vector<double>& guessing_;
  const RunJobs& run_jobs_;
  std::vector<HalvingRound> rounds_;
  std::vector<std::uint64_t> seeds_;
  std::vector<Race> races_;
  Tuning found_;
};

}  // namespace

Tuning tune_rates(const Grid& grid, const std::vector<Subject>& subjects, const std::vector<double>& guessing,
                  const RunJobs& run_jobs) {
  return Tuner(grid, subjects, guessing, run_jobs).tune();
}

std::size_t tuning_runs(const Grid& grid) {
  std::size_t count = 0;
  for (const HalvingRound& round : halving_rounds(trials_of(grid), tuning_budget(grid)))
    count += round.rates * static_cast<std::size_t>(round.seeds);
  return count;
}

double tuning_work(const Grid& grid) {
  double work = 0;
  for (const HalvingRound& round : halving_rounds(trials_of(grid), tuning_budget(grid)))
    work += static_cast<double>(round.rates) * round.seeds * round.share;
  return work;
}

int tuning_budget(const Grid& grid) {
  return static_cast<int>(grid.until > 0 ? looks(grid.seeds.size()).front() : grid.seeds.size());
}

std::vector<std::uint64_t> tuning_seeds(const Grid& grid) {
  std::size_t count = 0;
  for (const HalvingRound& round : halving_rounds(trials_of(grid), tuning_budget(grid)))
    count += static_cast<std::size_t>(round.seeds);
  return seeds_beside(grid.seeds, first_tuning_seed, count);
}

std::vector<std::uint64_t> scoring_seeds(const Grid& grid, const Subject& subject, int classes) {
  return seeds_beside(grid.seeds, first_scoring_seed,
                      static_cast<std::size_t>(scoring_budgets(subject.labels_per_class, classes)));
}

}  // namespace fanin::compare
