#pragma once
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <fanin/data/sets.hpp>
#include <fanin/probe/schemes.hpp>

/// @file
/// The probe's word held against training: what it says before, and what comes of it.
namespace fanin::probe {

/// What a validation trains: plain SGD at rate `lr` in batches of 32 for `validation_epochs`, on the first
/// `validation_images` of the training set, tested on the first `validation_tests` of the test set, or all
/// there are. Nothing is chosen by those tests: they are what the probe's word is held against.
struct ValidationSetup {
  std::function<nn::ModulePtr(const std::string& text)> build;  ///< for these images and classes
  data::Sets data;                                              ///< normalized as the models are to see them
  int seeds = 1;                                                ///< runs a pair,
  std::uint64_t seed = 0;                                       ///< the first of them with this seed
  double lr = 0.1;                                              ///< of the plain SGD
  int threads = 2;                                              ///< runs at a time
};
inline constexpr int validation_epochs = 10;  ///< of every run
/// Of the first so many samples of the training set and of the test set.
inline constexpr Index validation_images = 3200, validation_tests = 1000;
inline constexpr double trained_accuracy = 0.6;  ///< on the test set, from where on a run has trained

/// One model drawn by one scheme: what the probe says of it, and the test accuracy that it is trained to.
struct Trial {
  std::string model, scheme;  ///< texts
  bool held_out = false;      ///< no threshold of the verdict comes from this model
  std::uint64_t seed = 0;     ///< of weights, probed samples and training
  Probe probe{};              ///< before training
  Diagnosis diagnosis{};      ///< what that foretells
  double accuracy = 0;        ///< on the test set, 0..1; 0 for a run that diverged
  /// Whether it did train.
  bool trains() const { return accuracy >= trained_accuracy; }
  /// Whether it did other than foretold.
  bool missed() const { return trains() != diagnosis.trains(); }
};

/// How often "trains" and "fails" were right.
struct VerdictScore {
  /// How many were said to train and do, or do not; and were said to fail and do, or do not.
  int right_trains = 0, wrong_trains = 0, right_fails = 0, wrong_fails = 0;
  void add(bool foretold, bool trains);  ///< counts one more
  /// Of all.
  int count() const { return right_trains + wrong_trains + right_fails + wrong_fails; }
  double precision() const;  ///< of those said to train, the share that does; NaN for none
  double recall() const;     ///< of those that train, the share said to; NaN for none
};

/// The scores of some of the trials.
struct VerdictScores {
  VerdictScore runs, pairs;  ///< a (model, scheme) pair goes by the majority of its runs
};

/// What came of a validation of verdicts.
struct VerdictValidation {
  std::vector<Trial> trials;            ///< the seeds of a pair one after another
  VerdictScores fitted, held_out, all;  ///< `fitted`: of the models that the thresholds come from
};

/// Trains the pairs of `tried_models` (only the held-out ones, if asked) after probing them. `done` is called
/// with every trial, in their order. Error when the data are of another shape than `build`'s models.
VerdictValidation validate_verdicts(const ValidationSetup& setup, bool only_held_out = false,
                                    const std::function<void(const Trial&)>& done = {});

/// How the scheme that the probe recommends for a model did among all that it tried.
struct RecommendationTrial {
  std::string model;                         ///< text
  bool held_out = false;                     ///< was not looked at when the measure of imbalance was made
  std::string recommended{}, best;           ///< empty: none was fit to be recommended
  double accuracy = NAN, best_accuracy = 0;  ///< means over the seeds, of the recommended and the best
  /// To the best: mean of the paired differences over the seeds, and its standard error.
  double gap = NAN, error = NAN;
  std::size_t rank = 0, of = 0;  ///< by mean accuracy, from 1, among so many schemes; 0: none recommended
};

/// For a dozen models, trains every scheme of `usual_schemes`. `done(model, probed, accuracy)` is called with
/// each when its last seed has run, in their order.
std::vector<RecommendationTrial> validate_recommendations(
    const ValidationSetup& setup,
    const std::function<void(const std::string&, const Probed&, double)>& done = {});

}  // namespace fanin::probe
