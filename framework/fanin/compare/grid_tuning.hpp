#pragma once
#include <functional>
#include <optional>
#include <vector>

#include <fanin/compare/grid.hpp>

namespace fanin::compare {

/// What tuning found for a subject.
struct TunedRates {
  double common;            ///< the rate that all schemes share
  std::vector<double> own;  ///< each scheme's best, in the grid's order
};

/// What tuning found for a grid.
struct Tuning {
  std::vector<TunedRates> rates = {};  ///< of each subject; empty when it was interrupted
  std::vector<Run> runs = {};          ///< all that were made, in the order of their jobs
  std::vector<Window> windows = {};    ///< from all rounds
};

/// Makes jobs' runs; none in the place of one that was interrupted.
using RunJobs = std::function<std::vector<std::optional<Run>>(const std::vector<Job>&)>;

/// How many trials each scheme has beyond its axis of rates (`next_rate`).
inline constexpr std::size_t further_rates = 2;

/// Chooses each scheme's learning rate by runs of its own, whose `validation_accuracy` and `_loss` it takes;
/// `guessing` is the accuracy, for each subject, up to which they show nothing.
///
/// Each scheme gets as many whole runs' steps as the grid has seeds (with `until`, at its first look), for a
/// race by successive halving (`halving_rounds`): first all rates of the axis — `rates`, or `rates_about` a
/// single one — and `further_rates` more where they promise most (`next_rate`), beyond the axis where the best
/// lies at its end; then the better half in longer runs, and so on. Every round has seeds of its own, the same
/// for all schemes, and none that the grid reports.
///
/// Where the axis was given, the common rate is the one of it that is best for the mean of all schemes in the
/// first round, in which all have tried all of it; else it is `common_rate`.
Tuning tune_rates(const Grid& grid, const std::vector<Subject>& subjects, const std::vector<double>& guessing,
                  const RunJobs& run_jobs);

/// How many runs each scheme makes to choose its rate for a subject.
std::size_t tuning_runs(const Grid& grid);
/// How many whole runs' steps those make together.
double tuning_work(const Grid& grid);
/// How many whole runs each scheme may spend on its rate.
int tuning_budget(const Grid& grid);
/// The seeds that tuning takes, in the order in which it does.
std::vector<std::uint64_t> tuning_seeds(const Grid& grid);
/// The seeds of the budgets that it is scored on, where labels are few.
std::vector<std::uint64_t> scoring_seeds(const Grid& grid, const Subject& subject, int classes);

}  // namespace fanin::compare
