#pragma once
#include <string>
#include <vector>

#include <fanin/probe/probe.hpp>
#include <fanin/probe/rate_trial.hpp>
#include <fanin/statistics/logistic.hpp>

namespace fanin::probe {

/// What the verdict on a run is made from: a trial of it (`RateTrial`), at its worst over the hidden layers.
/// Where the steps diverged, what would be of the model after them is 0, and its loss is no number.
struct FirstSteps {
  double steps = 0;           ///< at the run's rate that were asked for
  double run_steps = 0;       ///< that the run has in all
  double chance_loss = 0;     ///< ln of the number of classes, nats
  double loss_before = 0;     ///< on the probed batch, nats
  double slope_before = 0;    ///< of that: see `Glance`
  double loss_after = 0;      ///< after the steps at the rate; NaN where they diverged
  double right_after = 0;     ///< share of the probed samples that are right then
  double gradient_most = 0;   ///< largest gradient of a layer then, by that of the logits
  double feature_rank = 0;    ///< effective rank of the last hidden layer's outputs then; not weighed
  double loss_pressed = 0;    ///< after those under pressure; NaN where they diverged
  double right_pressed = 0;   ///< share that is right then
  double slope_pressed = 0;   ///< see `Glance`
  double gradient_least = 0;  ///< least gradient of a layer then, by that of the logits
};
/// What the steps showed.
FirstSteps first_steps(const RateTrial& trial, const PlannedRun& run);

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
  Index steps = 0;            ///< of it that were tried at its rate
  double loss_before = 0;     ///< on the probed batch, nats
  double loss_after = 0;      ///< likewise, after these steps; NaN where they diverged
  double sharpness_rate = 0;  ///< sharpness times rate: above 2 steps grow along the sharpest direction
  double feature_rank = 0;    ///< effective rank of the last hidden layer's outputs after the steps
  double log_odds = 0;        ///< that it trains, by `fitted`; finite
  std::string reason = {};    ///< the evidence that weighs most against it, in words

  double chance() const;                        ///< 0..1
  bool trains() const { return log_odds > 0; }  ///< the likelier
};
/// What the trial makes likely, of a model whose loss has the sharpness.
Outlook outlook(const RateTrial& trial, const PlannedRun& run, double sharpness);
/// The same of what was seen of a trial, for the rate and the sharpness aside.
Outlook outlook(const FirstSteps& seen);

}  // namespace fanin::probe
