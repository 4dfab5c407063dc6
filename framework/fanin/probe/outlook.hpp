#pragma once
#include <string>
#include <vector>

#include <fanin/probe/probe.hpp>
#include <fanin/probe/rate_trial.hpp>
#include <fanin/statistics/logistic.hpp>

namespace fanin::probe {

/// What the verdict on a run is made from: the model after a few of its steps, at its worst over the
/// layers. Layers in idle branches are left out. Where the steps diverged, there is no model after them, and
/// what would be of it is 0.
struct FirstSteps {
  double lr = 0;            ///< of the run
  double steps = 0;         ///< of it that were asked for
  double run_steps = 0;     ///< that the run has in all
  double chance_loss = 0;   ///< ln of the number of classes, nats
  double loss_before = 0;   ///< on the probed batch, nats
  double sharpness = 0;     ///< of that, before
  double most_loss = 0;     ///< largest of the steps' own
  double loss_after = 0;    ///< on the probed batch; NaN where the steps diverged
  double slope_after = 0;   ///< of that: see `Glance`
  double signal_share = 0;  ///< least of a hidden layer: see `signal_share`
  double gradient_low = 0;  ///< least gradient of a hidden layer, by that of the logits
  double twins = 0;         ///< largest share of twins in a hidden layer
  double logits = 0;        ///< their standard deviation from sample to sample
  double feature_rank = 0;  ///< effective rank of the last hidden layer's outputs; not weighed
};
/// What the steps showed.
FirstSteps first_steps(const Probe& probe, const RateTrial& trial, double sharpness, const PlannedRun& run);

/// A measure that the verdict weighs.
struct Evidence {
  const char* name;                      ///< "progress"
  const char* meaning;                   ///< what it is, in which unit
  double (*of)(const FirstSteps& seen);  ///< finite, whatever was seen
  double usual;                          ///< its mean over the fit's runs that train
  const char* low;                       ///< what it says of a run that it lies lower
  const char* high;                      ///< or higher
};
/// All of them, in the order of the fit's weights.
const std::vector<Evidence>& evidence();
/// Their values.
std::vector<double> weigh(const FirstSteps& seen);
/// What they weigh: a logistic regression on trained networks, as `make probe-validation` prints it.
const statistics::Logistic& fitted();

/// Whether a run will train, as far as the model before it and its first few steps tell. Another question
/// than whether signal and gradient get through (`Diagnosis`): a sound model diverges at too large a rate,
/// and some that are not sound train.
struct Outlook {
  double lr = 0;              ///< of the run
  Index steps = 0;            ///< of it that were tried
  double loss_before = 0;     ///< on the probed batch, nats
  double loss_after = 0;      ///< likewise, after the steps; NaN where they diverged
  double sharpness_rate = 0;  ///< sharpness times rate: above 2 steps grow along the sharpest direction
  double feature_rank = 0;    ///< effective rank of the last hidden layer's outputs after the steps
  double log_odds = 0;        ///< that it trains, by `fitted`; finite
  std::string reason = {};    ///< the evidence that weighs most against it, in words

  double chance() const;                        ///< 0..1
  bool trains() const { return log_odds > 0; }  ///< the likelier
};
/// What those steps make likely.
Outlook outlook(const FirstSteps& seen);

}  // namespace fanin::probe
