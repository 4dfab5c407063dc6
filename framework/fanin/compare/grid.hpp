#pragma once
#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include <fanin/compare/results.hpp>
#include <fanin/compare/scheme.hpp>
#include <fanin/train/trainer.hpp>

namespace fanin::compare {

struct Assignment;

/// models × label budgets × optimizers × batch sizes × learning rates × schemes × seeds. Runs are paired: one
/// seed gives every scheme the same batches, whatever it draws.
struct Grid {
  std::vector<std::string> models;   ///< texts for `build`
  std::vector<Scheme> schemes;       ///< by their labels no two alike
  std::string baseline = {};         ///< the label that the others are compared with; empty: `baseline_of`
  std::vector<std::uint64_t> seeds;  ///< a run of everything for each
  /// Training samples of each class, drawn by the seed; 0: all there are.
  std::vector<Index> labels_per_class = {0};
  std::vector<optim::UpdateRule> optimizers = {};  ///< a table for each; empty: `training`'s
  std::vector<Index> batches = {};                 ///< samples a step, a table for each; empty: `training`'s
  /// Learning rates, a table for each, or with `tune` where the search begins, with one: about it. Empty:
  /// `training`'s, or each rule's own (`UpdateRule::default_lr`) where there are several `optimizers`.
  std::vector<double> rates = {};
  bool tune =
      false;  ///< every scheme runs at the common rate and at the one that suits it best (`tune_rates`)
  /// Schemes get seeds until the interval of their difference to the baseline is ± this or narrower, or there
  /// are no more `seeds` (until.hpp); 0: all of them.
  double until = 0;
  double margin = Settings().margin;  ///< differences of mean accuracy up to this count as none (`Settings`)
  Index least_steps = 0;         ///< a small training set is walked more often, until a run has so many steps
  train::TrainOptions training;  ///< its seed is replaced by the run's
  int jobs = 1;                  ///< runs at a time, one thread each
  /// Finished runs are kept in `directory`/runs and reused by the same grid; empty: nowhere.
  std::string directory;
  /// Has the runs of an assignment made, wherever; none: `jobs` threads of this process make them, in order.
  /// With one, finished runs are kept in a journal (run_journal.hpp).
  std::function<void(const Assignment&)> hand_out = {};
  /// Makes a model with its parameters declared; called once a run.
  std::function<nn::ModulePtr(const std::string& model)> build;
  /// Makes a model's initial weights; replaceable so that a warm start can stand beside the random schemes.
  /// `training` is what the run trains on, its label budget and no more. Returns every parameter's
  /// initializer in full.
  std::function<std::string(nn::Module&, const Scheme&, std::uint64_t seed, const data::Dataset& training)>
      initialize;
  /// What a scheme changes of the training: what a warm start freezes, and the normalization of its file.
  /// None: nothing.
  std::function<void(nn::Module&, const Scheme&, train::TrainOptions&)> adjust = {};
};

/// What a grid has a table for each: its models with their places on its axes. In the order of the axes, the
/// first outermost. Error (usage) for a value that is on an axis twice or out of range.
std::vector<Subject> subjects(const Grid& grid);
/// The training of a subject's runs, but for seed and learning rate.
train::TrainOptions options_of(const Grid& grid, const Subject& subject);
/// The learning rate that all schemes of a subject share where nothing is tuned.
double common_rate(const Grid& grid, const Subject& subject);
/// What all runs set aside of the training set for validation: as the grid's training says; a tenth where anything is
/// chosen by it, if that can be; none where the sets bring a validation set, and where all runs are on a budget of
/// labels, of which each then spares a tenth of its own, if it can.
data::Share validation_share(const Grid& grid, const data::Sets& sets);
/// The label of the scheme that the others are compared with: the first that is "default", else the first.
std::string baseline_of(const Grid& grid);

/// One run of a grid, to be made. What it points to lives as long as the grid's run.
struct Job {
  const Subject* subject;            ///< what is trained
  const Scheme* scheme;              ///< how it begins
  std::uint64_t seed;                ///< of all its draws
  double lr;                         ///< learning rate
  RatePick rate = RatePick::common;  ///< whose rate that is
  /// Of a run that is to choose a rate: its part of a whole run's steps; 0 for one that is reported.
  double tuning_share = 0;
};

/// Whether a job's run keeps its first layer's filters: of the grid's first seed alone, as a page shows one, and a
/// dense layer on images has more numbers than all else of a run together.
bool keeps_filters(const Grid& grid, const Job& job);

/// How far a run under way has come.
struct StepTaken {
  const std::string& model;   ///< the subject's name
  const std::string& scheme;  ///< its label
  std::uint64_t seed;         ///< the run's
  RatePick rate;              ///< whose its learning rate is
  double lr;                  ///< that rate
  double tuning_share;        ///< as Job's
  Index step, steps;          ///< this one, from 0, and how many there will be at most
  int epochs;                 ///< that those steps are
};

/// What a grid tells while it runs; called from its threads, one at a time.
struct GridProgress {
  /// A run that ended, one of `done` out of `total`; `reused` if it was kept from an earlier grid.
  std::function<void(const Run& run, int done, int total, bool reused)> on_run = {};
  /// As `on_run`, of runs that choose learning rates: they come first, and are counted by themselves.
  std::function<void(const Run& run, int done, int total, bool reused)> on_tuning = {};
  /// An epoch of a run under way.
  std::function<void(const std::string& model, const std::string& scheme, std::uint64_t seed,
                     const train::EpochRecord&)>
      on_epoch = {};
  /// A step of a run under way: the first one, and then some ten a second.
  std::function<void(const StepTaken&)> on_step = {};
  /// A kept run that was damaged and is run anew, or one that cannot be kept.
  std::function<void(const std::string& notice)> on_notice = {};
};

/// Runs to be made, for `Grid::hand_out`. What it points to lives as long as the call, which returns when
/// each job was `made`, or will not be since it is `stopped`.
struct Assignment {
  const std::vector<Job>& jobs;          ///< in the order of results
  const std::vector<Subject>& subjects;  ///< that jobs point to
  const Scheme* first_scheme;            ///< of the grid: jobs point to it and those behind it
  const std::vector<double>& costs;      ///< of a run of each subject, in any unit
  const GridProgress& progress;          ///< to be told of steps and epochs, from any thread
  /// Makes the run of that job on the calling thread.
  std::function<Run(std::size_t job)> make;
  /// Takes a run that ended, as `run_bytes`, and whether it failed; from any thread. It leaves memory for
  /// another run's in `bytes`, of any content. One that was interrupted is not to be told.
  std::function<void(std::size_t job, std::string& bytes, bool failed)> made;
  std::function<bool()> stopped;  ///< whether no further run is to begin
};

/// What a grid found.
struct GridResult {
  std::vector<Run> runs = {};        ///< those that are reported
  std::vector<Run> tuning = {};      ///< those that chose learning rates
  std::vector<Window> windows = {};  ///< of learning rates
  /// How rates were chosen, for whoever reads the results: name and sentence.
  std::vector<std::pair<std::string, std::string>> facts = {};
};

/// Runs the grid on `grid.jobs` threads, in the order in which results are returned: seed by seed, subject by
/// subject, scheme by scheme, at the common rate and at the scheme's own. A run at the common rate is its
/// scheme's own as well where the two are one, and is returned as both. A run that diverges or fails is
/// recorded as such and the others go on; but a usage Error in one, for a mistyped text, ends the grid. When
/// `interrupted` becomes true, runs under way stop after their current step, are left out, and the finished
/// ones are returned. Equal grids give equal bits for any `jobs`. Error (usage) for jobs outside 1..256, and
/// for rates that are to be tuned where nothing can be validated on; Error for a folder that cannot be written.
GridResult run_grid(const Grid& grid, const data::Sets& sets, const GridProgress& progress,
                    const std::atomic<bool>& interrupted);

/// Another process's part of a grid: `serve` is given the subjects and what every run sees of the sets, and
/// makes runs of them as it is told.
void serve_grid(const Grid& grid, const data::Sets& sets,
                const std::function<void(const std::vector<Subject>&, const data::Sets&)>& serve);

/// One run: build, initialize, profile, train, profile. What goes wrong becomes its `message`, but a
/// usage Error is thrown on.
Run run_one(const Grid& grid, const Job& job, const data::Sets& sets, const GridProgress& progress,
            const std::atomic<bool>& interrupted);

}  // namespace fanin::compare
