#pragma once
#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include <fanin/compare/results.hpp>
#include <fanin/compare/scheme.hpp>
#include <fanin/train/trainer.hpp>

namespace fanin::compare {

/// models × label budgets × schemes × seeds. Runs are paired: one seed gives every scheme the same batches,
/// whatever it draws.
struct Grid {
  std::vector<std::string> models;   ///< texts for `build`
  std::vector<Scheme> schemes;       ///< the first labelled "default" is what the others are compared with
  std::vector<std::uint64_t> seeds;  ///< a run of everything for each
  /// Training samples of each class, drawn by the seed; 0: all there are.
  std::vector<Index> labels_per_class = {0};
  Index least_steps = 0;         ///< a small training set is walked more often, until a run has so many steps
  train::TrainOptions training;  ///< its seed is replaced by the run's
  int jobs = 1;                  ///< runs at a time, one thread each
  /// Finished runs are kept in `directory`/runs and reused by the same grid; empty: nowhere.
  std::string directory;
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

/// A model under a label budget, under the name that tables show.
Subject subject(const std::string& model, Index labels_per_class);
/// All of a grid's subjects, in its order.
std::vector<Subject> subjects(const Grid& grid);

/// What a grid tells while it runs; called from its threads, one at a time.
struct GridProgress {
  /// A run that ended, one of `done` out of `total`; `reused` if it was kept from an earlier grid.
  std::function<void(const Run& run, int done, int total, bool reused)> on_run = {};
  /// An epoch of a run under way.
  std::function<void(const std::string& model, const std::string& scheme, std::uint64_t seed,
                     const train::EpochRecord&)>
      on_epoch = {};
  /// A kept run that was damaged and is run anew, or one that cannot be kept.
  std::function<void(const std::string& notice)> on_notice = {};
};

/// Runs the grid on `grid.jobs` threads, in the order in which results are returned: seed by seed, model by
/// model, budget by budget, scheme by scheme. A run that diverges or fails is recorded as such and the others
/// go on; but a usage Error in one, for a mistyped text, ends the grid. When `interrupted` becomes true, runs
/// under way stop after their current step, are left out, and the finished ones are returned. Equal grids
/// give equal bits for any `jobs`. Error (usage) for jobs outside 1..256; Error for a folder that cannot be
/// written.
std::vector<Run> run_grid(const Grid& grid, const data::Sets& sets, const GridProgress& progress,
                          const std::atomic<bool>& interrupted);

/// One run: build, initialize, profile, train, profile. What goes wrong becomes its `message`, but a
/// usage Error is thrown on.
Run run_one(const Grid& grid, const std::string& model, Index labels_per_class, const Scheme& scheme,
            std::uint64_t seed, const data::Sets& sets, const GridProgress& progress,
            const std::atomic<bool>& interrupted);

}  // namespace fanin::compare
