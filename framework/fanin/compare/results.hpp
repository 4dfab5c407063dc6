#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <fanin/core/real.hpp>
#include <fanin/probe/signal.hpp>
#include <fanin/train/history.hpp>

namespace fanin::compare {

using train::EpochRecord;
using train::unknown;

/// A parameter before the first and after the last step.
struct ParameterSnapshot {
  std::string name = {};          ///< full
  std::vector<Index> shape = {};  ///< outermost size first
  double mean = unknown;          ///< of the initial values
  double std = unknown;           ///< likewise
  probe::Histogram before = {};   ///< of the initial values
  probe::Histogram after = {};    ///< of the trained ones
};

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

/// One training run: one model under one scheme with one seed.
struct Run {
  std::string model = {};     ///< a subject's name: as typed, with its label budget
  std::string scheme = {};    ///< as typed: the label in every table and chart
  std::string plan = {};      ///< every parameter's initializer in full
  std::uint64_t seed = 0;     ///< of the weights, the batches and all else
  std::string status = "ok";  ///< "ok", "diverged", "interrupted" or "failed"
  /// The step (from 0) whose loss was not finite, or how many had been made when a test showed it; -1: none.
  Index diverged_step = -1;
  std::string message = {};                               ///< why it failed or diverged, if it did
  double test_accuracy = unknown;                         ///< chance level when it diverged
  double test_loss = unknown;                             ///< mean cross-entropy, nats
  std::vector<EpochRecord> history = {};                  ///< of finished epochs
  std::vector<std::pair<Index, double>> loss_curve = {};  ///< (step, smoothed training loss)
  Index steps_to_threshold = -1;                          ///< -1: never reached
  std::vector<probe::LayerProfile> profile_start = {};    ///< before the first step, input to logits
  std::vector<probe::LayerProfile> profile_end = {};      ///< after the last one; empty when it diverged
  std::vector<ParameterSnapshot> parameters = {};         ///< in the model's order
  FilterImages filters = {};                              ///< of the first layer, if they are images
  double seconds = unknown;                               ///< in training steps
  double samples_per_s = unknown;                         ///< training samples by those seconds
};

/// A scheme's result on one model over its seeds (`summarize` in summary.hpp makes it and states how runs
/// count). Accuracies are on the test set, in 0..1.
struct Summary {
  std::string model = {};      ///< a subject's name
  std::string scheme = {};     ///< its label
  int runs = 0;                ///< runs that count: "ok" and "diverged" ones
  int diverged = 0;            ///< of those
  int failed = 0;              ///< runs that ended in an error, which do not count
  double mean = unknown;       ///< accuracy
  double std = unknown;        ///< sample standard deviation
  double ci95 = unknown;       ///< half width of the 95 % confidence interval of the mean (Student t)
  double median = unknown;     ///< accuracy
  double minimum = unknown;    ///< of the worst run
  double maximum = unknown;    ///< of the best one
  double test_loss = unknown;  ///< mean over the runs that did not diverge
  bool is_default = false;     ///< the scheme that the others are compared with
  int pairs = 0;               ///< seeds shared with the default
  double difference_to_default = unknown;  ///< mean over shared seeds of (this − default)
  double difference_ci95 = unknown;        ///< half width of its 95 % confidence interval
  double p_value = unknown;                ///< paired t-test, two-sided
  double p_adjusted = unknown;             ///< after Holm, over the schemes of one model
  bool significant = false;  ///< p_adjusted < 0.05, and the better side has runs that did not diverge
  /// Median over the runs, one that never got there counting as infinite; -1: never, or no run counts.
  double steps_to_threshold = -1;
  double train_seconds = unknown;  ///< mean over the runs that did not diverge
};

/// What a table groups by: a model, or a model on a label budget ("lenet, 10 labels per class").
struct Subject {
  std::string name = {};       ///< the `model` of its runs
  std::string model = {};      ///< as typed
  Index labels_per_class = 0;  ///< training samples of each class; 0: all there are
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
  std::string date = {};                  ///< as shown; empty hides it
  /// Every setting of the training (train/settings)
  std::vector<std::pair<std::string, std::string>> training = {};
  std::vector<std::pair<std::string, std::string>> extra = {};  ///< further facts to show, in order
};

/// All that results.json holds.
struct Comparison {
  Settings settings;                  ///< what was compared
  std::vector<Run> runs = {};         ///< those that ended, in the grid's order
  std::vector<Summary> summary = {};  ///< in the settings' order of models and schemes
};

}  // namespace fanin::compare
