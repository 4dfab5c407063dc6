#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <fanin/core/real.hpp>
#include <fanin/probe/signal.hpp>
#include <fanin/train/history.hpp>

/// Comparing initialization schemes: what was measured, its statistics, and how it is shown.
namespace fanin::compare {

using train::EpochRecord;
using train::unknown;

/// A parameter before the first and after the last step. `mean` and `std` are of the initial values.
struct ParameterSnapshot {
  std::string name = {};
  std::vector<Index> shape = {};
  double mean = unknown;
  double std = unknown;
  probe::Histogram before = {};
  probe::Histogram after = {};
};

/// First-layer weights as images: [count, channels, height, width], row-major; `after` may be empty.
/// Drawn in gray with one channel, in colour with three; other channel counts show their first channel.
struct FilterImages {
  std::string name = {};
  Index count = 0;
  Index height = 0;
  Index width = 0;
  std::vector<float> before = {};
  std::vector<float> after = {};
  Index channels = 1;
};

/// One training run: one model under one scheme with one seed.
struct Run {
  std::string model = {};   ///< as typed
  std::string scheme = {};  ///< as typed: the label in every table and chart
  std::string plan = {};    ///< every parameter's initializer in full
  std::uint64_t seed = 0;
  std::string status = "ok";  ///< "ok", "diverged", "interrupted" or "failed"
  /// The step whose loss was not finite, or the last one before a test showed it; -1 when none.
  Index diverged_step = -1;
  std::string message = {};        ///< why it failed or diverged, if it did
  double test_accuracy = unknown;  ///< chance level when it diverged
  double test_loss = unknown;
  std::vector<EpochRecord> history = {};
  std::vector<std::pair<Index, double>> loss_curve = {};  ///< (step, smoothed training loss)
  Index steps_to_threshold = -1;                          ///< -1: never reached
  std::vector<probe::LayerProfile> profile_start = {};
  std::vector<probe::LayerProfile> profile_end = {};
  std::vector<ParameterSnapshot> parameters = {};
  FilterImages filters = {};
  double seconds = unknown;
  double samples_per_s = unknown;
};

/// A scheme's result on one model over its seeds (`summarize` in summary.hpp makes it and states how runs
/// count).
struct Summary {
  std::string model = {};
  std::string scheme = {};
  int runs = 0;      ///< runs that count: "ok" and "diverged" ones
  int diverged = 0;  ///< of those
  int failed = 0;    ///< runs that ended in an error, which do not count
  double mean = unknown;
  double std = unknown;   ///< sample standard deviation
  double ci95 = unknown;  ///< half width of the 95 % confidence interval of the mean (Student t)
  double median = unknown;
  double minimum = unknown;
  double maximum = unknown;
  double test_loss = unknown;              ///< mean over the runs that did not diverge
  bool is_default = false;                 ///< the scheme that the others are compared with
  int pairs = 0;                           ///< seeds shared with the default
  double difference_to_default = unknown;  ///< mean over shared seeds of (this − default)
  double difference_ci95 = unknown;
  double p_value = unknown;     ///< paired t-test, two-sided
  double p_adjusted = unknown;  ///< after Holm, over the schemes of one model
  bool significant = false;     ///< p_adjusted < 0.05, and the better side has runs that did not diverge
  /// Median over the runs, one that never got there counting as infinite; -1: never, or no run counts.
  double steps_to_threshold = -1;
  double train_seconds = unknown;  ///< mean
};

/// What a table groups by: a model, or a model on a label budget ("lenet, 10 labels per class").
struct Subject {
  std::string name = {};       ///< the `model` of its runs
  std::string model = {};      ///< as typed
  Index labels_per_class = 0;  ///< training samples of each class; 0: all there are
};

/// What was compared, under which conditions.
struct Settings {
  std::vector<std::string> models = {};  ///< the subjects' names
  std::vector<Subject> subjects = {};
  std::vector<std::string> schemes = {};
  std::vector<std::uint64_t> seeds = {};
  std::string default_scheme = {};  ///< the one that the others are compared with; empty: the first
  std::string data = {};            ///< the data set's name
  double threshold = unknown;       ///< test accuracy whose first step is `steps_to_threshold`
  Index classes = 10;               ///< chance level is 1 / classes
  std::string date = {};            ///< as shown; empty hides it
  /// Every setting of the training (train/settings)
  std::vector<std::pair<std::string, std::string>> training = {};
  std::vector<std::pair<std::string, std::string>> extra = {};  ///< further facts to show, in order
};

struct Comparison {
  Settings settings;
  std::vector<Run> runs = {};
  std::vector<Summary> summary = {};  ///< in the settings' order of models and schemes
};

}  // namespace fanin::compare
