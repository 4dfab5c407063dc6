#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fanin/core/named_values.hpp>
#include <fanin/core/real.hpp>
#include <fanin/probe/signal.hpp>
#include <fanin/statistics/interval.hpp>
#include <fanin/train/history.hpp>
#include <fanin/train/provenance.hpp>

namespace fanin::compare {

using train::EpochRecord;
using train::unknown;

/// How a run ended: as train::Status has it, or by an Error.
enum class Status { ok, diverged, interrupted, failed };
/// Its texts, in files and tables.
inline constexpr auto statuses = named_values<Status>("status", {{Status::ok, "ok"},
                                                                 {Status::diverged, "diverged"},
                                                                 {Status::interrupted, "interrupted"},
                                                                 {Status::failed, "failed"}});

/// Whose learning rate a run has: one for all schemes of its subject, or the one at which its scheme did best
/// when rates were tuned.
enum class RatePick { common, own };
/// Its texts, in files and tables.
inline constexpr auto rate_picks =
    named_values<RatePick>("rate", {{RatePick::common, "common"}, {RatePick::own, "own"}});

/// The singular values of a weight as a matrix [out, rest], at one time; without values of what is no matrix or a
/// large one, and where there is no OpenBLAS.
struct SpectrumSnapshot {
  double norm = unknown;           ///< spectral: the largest value
  double stable_rank = unknown;    ///< as probe::Spectrum's
  double condition = unknown;      ///< largest over least; infinite, in a file null, where that is 0
  std::vector<float> values = {};  ///< largest first, at most 64 of them, evenly by index
};

/// A parameter before the first and after the last step.
struct ParameterSnapshot {
  std::string name = {};                  ///< full
  std::vector<Index> shape = {};          ///< outermost size first
  double mean = unknown;                  ///< of the initial values
  double std = unknown;                   ///< likewise
  probe::Histogram before = {};           ///< of the initial values
  probe::Histogram after = {};            ///< of the trained ones
  SpectrumSnapshot spectrum_before = {};  ///< of the initial values
  SpectrumSnapshot spectrum_after = {};   ///< of the trained ones
};

/// At most so many filters are kept and shown.
inline constexpr Index most_filters = 16;

/// First-layer weights as images: [count, channels, height, width], row-major.
/// Drawn in gray with one channel, in colour with three; other channel counts show their first channel.
struct FilterImages {
  std::string name = {};           ///< of the parameter
  Index count = 0;                 ///< filters; 0: there are none to show
  Index height = 0;                ///< pixels
  Index width = 0;                 ///< pixels
  std::vector<float> before = {};  ///< initial weights
  std::vector<float> after = {};   ///< trained ones; may be empty
  Index channels = 1;              ///< of a filter
};

/// Whether there are as many values as the sizes say, or none: whoever draws them relies on it.
inline bool whole_images(const FilterImages& filters) {
  double size = 1;
  for (const Index side : {filters.count, filters.channels, filters.height, filters.width}) {
    if (side < 0) return false;
    size *= static_cast<double>(side);
  }
  const auto filled = [size](const std::vector<float>& values) {
    return values.empty() || static_cast<double>(values.size()) == size;
  };
  return filled(filters.before) && filled(filters.after);
}

/// One training run: one subject under one scheme with one seed at one learning rate.
struct Run {
  std::string model = {};   ///< a subject's name
  std::string scheme = {};  ///< as typed: the label in every table and chart
  std::string plan = {};    ///< every parameter's initializer in full
  /// What the probe says of the signal at the start: "symmetric at conv1", "sound"; empty in results of
  /// earlier versions.
  std::string diagnosis = {};
  std::uint64_t seed = 0;            ///< of the weights, the batches and all else
  double lr = unknown;               ///< learning rate before its schedule
  RatePick rate = RatePick::common;  ///< whose it is
  std::string optimizer = {};        ///< the rule's name; empty in results of earlier versions
  Index batch = 0;                   ///< samples a step; 0: unknown, likewise
  Status status = Status::ok;        ///< how it ended
  /// The step (from 0) whose loss was not finite, or how many had been made when a test showed it; none where
  /// the run did not diverge.
  std::optional<Index> diverged_step = {};
  std::string message = {};              ///< why it failed or diverged, if it did
  Index steps = 0;                       ///< updates made
  double test_accuracy = unknown;        ///< chance level when it diverged or failed; unknown of a tuning run
  double test_loss = unknown;            ///< mean cross-entropy, nats
  double validation_accuracy = unknown;  ///< as the test's, on the validation set; unknown without one
  double validation_loss = unknown;      ///< likewise
  std::vector<EpochRecord> history = {};                  ///< of finished epochs
  std::vector<std::pair<Index, double>> loss_curve = {};  ///< (step, smoothed training loss)
  bool threshold_sought = false;  ///< whether the steps to a threshold were looked for
  /// Until the accuracy was first seen to reach the settings' threshold; none: never, or not looked for.
  std::optional<Index> steps_to_threshold = {};
  std::vector<probe::LayerProfile> profile_start = {};  ///< before the first step, input to logits
  std::vector<probe::LayerProfile> profile_end = {};    ///< after the last one; empty when it diverged
  std::vector<ParameterSnapshot> parameters = {};       ///< in the model's order
  FilterImages filters = {};  ///< of the first layer, if they are images, and the seed is the grid's first
  double seconds = unknown;   ///< in training steps
  double samples_per_s = unknown;  ///< training samples by those seconds
};

/// What a scheme's runs say of it beside the baseline, at 5 % error for all schemes of a table together.
enum class Finding {
  none,        ///< it is the baseline, or shares no two seeds with it
  better,      ///< its mean is higher
  worse,       ///< its mean is lower
  equivalent,  ///< the means differ by no more than `Settings::margin`
  same,        ///< the same accuracy in every seed: one scheme by two names, or both fail
  undecided    ///< none of these can be said
};
/// Their texts.
inline constexpr auto findings = named_values<Finding>("finding", {{Finding::none, "none"},
                                                                   {Finding::better, "better"},
                                                                   {Finding::worse, "worse"},
                                                                   {Finding::equivalent, "equivalent"},
                                                                   {Finding::same, "same"},
                                                                   {Finding::undecided, "undecided"}});

/// A scheme's result on one model over its seeds (`summarize` in summary.hpp makes it and states how runs
/// count). Accuracies are on the test set, in 0..1. Intervals have `confidence_level`: 95 %, or with
/// `Settings::until` what leaves 95 % to all looks together.
struct Summary {
  std::string model = {};              ///< a subject's name
  std::string scheme = {};             ///< its label
  RatePick rate = RatePick::common;    ///< whose learning rate its runs and the baseline's had
  int runs = 0;                        ///< runs that count: all but interrupted ones
  int diverged = 0;                    ///< of those
  int failed = 0;                      ///< of those: they ended in an error
  double mean = unknown;               ///< accuracy
  double std = unknown;                ///< sample standard deviation
  double ci95 = unknown;               ///< the longer side of `interval`
  statistics::Interval interval = {};  ///< of the mean, within [0, 1]; unknown for one run and for equal ones
  double median = unknown;             ///< accuracy
  double minimum = unknown;            ///< of the worst run
  double maximum = unknown;            ///< of the best one
  double test_loss = unknown;          ///< mean over the runs that ended well
  bool is_default = false;             ///< the baseline: the scheme that the others are compared with
  /// The highest mean of its table, or not significantly below it (one-sided paired t, Bonferroni): the truly
  /// best scheme is one of these, at 95 %. False where even the highest mean is of dead runs.
  bool among_best = false;
  int pairs = 0;                           ///< seeds shared with the baseline
  double difference_to_default = unknown;  ///< mean over shared seeds of (this − baseline)
  double difference_ci95 = unknown;        ///< the longer side of `difference_interval`
  /// Of the difference, within [−1, 1]; unknown for fewer than two pairs and for equal differences.
  statistics::Interval difference_interval = {};
  /// The probability that it beats the baseline with the same seed, a tie counting ½: the share of pairs that
  /// it won (Agarwal et al. 2021 call it the probability of improvement).
  double beats = unknown;
  statistics::Interval beats_interval = {};  ///< of that probability, by Clopper and Pearson
  double p_value = unknown;                  ///< paired t-test, two-sided
  double p_adjusted = unknown;               ///< after Holm, over the schemes of one model
  bool significant = false;  ///< p_adjusted < 0.05, and the better side has runs that ended well
  /// Of "the means differ by `Settings::margin` or more", two one-sided t tests, after Holm.
  double equivalence_p = unknown;
  bool equivalent = false;          ///< equivalence_p < 0.05; a significant difference can be that small
  Finding finding = Finding::none;  ///< all this in a word
  /// How many times wider `difference_interval` would be without pairs (statistics::Pairing).
  double pairing_gain = unknown;
  double seed_correlation = unknown;  ///< Pearson's, of its accuracies and the baseline's over shared seeds
  bool threshold_sought = false;      ///< whether any of its runs looked for the steps to the threshold
  /// Median over the runs, one that never got there counting as infinite; none: never, or nobody looked.
  std::optional<double> steps_to_threshold = {};
  double train_seconds = unknown;  ///< mean over the runs that ended well
};

/// What a table groups by: a model with its place on each axis of the grid that has more than one
/// ("lenet, adam, batch 128, lr 0.01, 10 labels per class").
struct Subject {
  std::string name = {};          ///< the `model` of its runs
  std::string model = {};         ///< as typed
  Index labels_per_class = 0;     ///< training samples of each class; 0: all there are
  std::string optimizer = {};     ///< the rule's name; empty in results of earlier versions
  Index batch = 0;                ///< samples a step; 0: unknown, likewise
  std::optional<double> lr = {};  ///< on an axis of learning rates; none where there is no such axis
  std::string window = {};        ///< the `subject` of its windows: its name without the rate
};

/// The learning rates at which one scheme trains, by mean validation accuracy over seeds (a run that diverged
/// or failed counts with chance level). What the rates of an initializer's window are worth: within them,
/// whoever chooses a rate loses less than a point.
struct Window {
  std::string subject = {};        ///< a subject's name, without a learning rate
  std::string scheme = {};         ///< its label
  double best_lr = unknown;        ///< of the highest mean
  double best_accuracy = unknown;  ///< that mean
  /// The lowest and highest of the rates next to one another, around the best, whose means lie within one
  /// point of it (after tuning, of the best in the longest runs that the rate had); unknown for a scheme that does no better than guessing at any rate.
  double low = unknown, high = unknown;
  double factor = unknown;  ///< high / low
  /// The largest rate before one, going up from the best, at which a run diverged or failed; where that is so
  /// of the best, the next one below it of which it is not.
  double largest_stable = unknown;
  bool at_edge = false;    ///< whether the best rate was the lowest or highest that was tried
  bool open_low = false;   ///< whether `low` was the lowest rate tried: the window may reach further
  bool open_high = false;  ///< likewise, of `high` and the highest
  int rates = 0;           ///< tried
  int seeds = 0;           ///< runs at each
  double share = 1;        ///< of a whole run's steps that each run had; after tuning, the shortest
};

/// What was compared, under which conditions.
struct Settings {
  std::vector<std::string> models = {};   ///< the subjects' names
  std::vector<Subject> subjects = {};     ///< what those names mean
  std::vector<std::string> schemes = {};  ///< labels, in the order shown
  std::vector<std::uint64_t> seeds = {};  ///< in the order run
  std::string default_scheme = {};        ///< the one that the others are compared with; empty: the first
  std::string data = {};                  ///< the data set's name
  double threshold = unknown;             ///< test accuracy whose first step is `steps_to_threshold`
  Index classes = 10;                     ///< chance level is 1 / classes
  double margin = 0.005;  ///< differences of mean accuracy up to this count as none (`Finding::equivalent`)
  /// Schemes got seeds until their difference's interval was ± this or narrower (until.hpp); 0: all seeds.
  double until = 0;
  std::string date = {};  ///< as shown; empty hides it
  /// Every setting of the training (train/settings)
  std::vector<std::pair<std::string, std::string>> training = {};
  std::vector<std::pair<std::string, std::string>> extra = {};  ///< further facts to show, in order
};

/// All that results.json holds; SCHEMA.md beside this file says it field by field.
struct Comparison {
  Settings settings;                  ///< what was compared
  std::vector<Run> runs = {};         ///< those that ended, in the grid's order
  std::vector<Summary> summary = {};  ///< in the settings' order of models and schemes
  /// Runs that chose learning rates: of other seeds, shorter, and never tested on the test set.
  std::vector<Run> tuning = {};
  std::vector<Window> windows = {};   ///< in the settings' order; none where only one rate was tried
  train::Provenance provenance = {};  ///< what it was made with; files before schema 3 do not say
};

}  // namespace fanin::compare
