#include <algorithm>
#include <cmath>

#include <fanin/probe/diagnosis.hpp>
#include <fanin/probe/outlook.hpp>

namespace fanin::probe {
namespace {

/// log10 of a number that may be anything: that of the nearest limit where it is beyond it or no number.
double decades(double value, double low, double high) {
  if (std::isnan(value)) return high;
  return std::clamp(std::log10(std::max(value, 1e-300)), low, high);
}

}  // namespace

FirstSteps first_steps(const Probe& probe, const RateTrial& trial, double sharpness, const PlannedRun& run) {
  FirstSteps seen = {.lr = trial.lr,
                     .steps = static_cast<double>(trial.asked),
                     .run_steps = static_cast<double>(run.steps),
                     .chance_loss = std::log(std::max(2.0, static_cast<double>(trial.classes))),
                     .loss_before = probe.loss,
                     .sharpness = sharpness,
                     .loss_after = trial.diverged() ? NAN : trial.loss_after};
  for (const double loss : trial.losses) seen.most_loss = std::max(seen.most_loss, loss);
  if (trial.diverged()) return seen;
  const LayerProbe& last = trial.layers.back();
  seen.logits = last.signal;
  seen.signal_share = seen.gradient_low = 1;
  for (std::size_t i = 0; i + 1 < trial.layers.size(); ++i) {
    const LayerProbe& layer = trial.layers[i];
    if (layer.idle || (i < probe.layers.size() && probe.layers[i].idle)) continue;
    const double ratio = last.gradient > 0 ? layer.gradient / last.gradient : 0;
    seen.signal_share = std::min(seen.signal_share, signal_share(layer));
    seen.gradient_low = std::min(seen.gradient_low, ratio);
    seen.gradient_high = std::max(seen.gradient_high, ratio);
    seen.twins = std::max(seen.twins, layer.twins);
    seen.feature_rank = layer.rank;
  }
  return seen;
}

const std::vector<Evidence>& evidence() {
  static const std::vector<Evidence> all = {
      {"level", "log10 of the loss after the steps by that of guessing",
       [](const FirstSteps& s) { return decades(s.loss_after / s.chance_loss, -1, 1); }, 0, "",
       "after the first steps it is no better than guessing"},
      {"progress", "log10 of the share of the loss that the run would take at the pace of its first steps",
       [](const FirstSteps& s) {
         return std::isnan(s.loss_after)
                    ? -2
                    : decades((s.loss_before - s.loss_after) / s.loss_before * s.run_steps / s.steps, -2, 2);
       },
       0, "the loss hardly falls: at this pace the run ends before it has learnt", ""},
      {"overshoot", "log10 of the largest loss on the way by that before, or by that of guessing",
       [](const FirstSteps& s) {
         return decades(s.most_loss / std::max(s.loss_before, s.chance_loss), 0, 3);
       },
       0, "", "the loss rises on the way"},
      {"instability", "log10 of sharpness times rate by 2, where above 0",
       [](const FirstSteps& s) { return decades(s.sharpness * s.lr / 2, 0, 3); }, 0, "",
       "the rate is above 2 by the sharpness: steps grow along the sharpest direction"},
      {"signal", "log10 of the least signal share",
       [](const FirstSteps& s) { return decades(s.signal_share, -4, 0); }, 0,
       "a layer says the same to every sample", ""},
      {"gradient", "log10 of the least gradient by that of the logits",
       [](const FirstSteps& s) { return decades(s.gradient_low, -6, 0); }, 0,
       "the gradient fades on its way back", ""},
      {"growth", "log10 of the largest gradient by that of the logits",
       [](const FirstSteps& s) { return decades(s.gradient_high, 0, 6); }, 0, "",
       "the gradient grows on its way back"},
      {"logits", "log10 of how far the logits of samples lie apart",
       [](const FirstSteps& s) { return decades(s.logits, -4, 2); }, 0,
       "the logits hardly depend on the sample", "the logits are large"},
      {"rank", "log10 of the effective rank of the last hidden layer's outputs",
       [](const FirstSteps& s) { return decades(s.feature_rank, 0, 2); }, 0,
       "the last hidden layer tells few directions apart", ""},
      {"twins", "share of units that are alike", [](const FirstSteps& s) { return s.twins; }, 0, "",
       "units are alike and stay so"}};
  return all;
}

std::vector<double> weigh(const FirstSteps& seen) {
  std::vector<double> values;
  for (const Evidence& one : evidence()) values.push_back(one.of(seen));
  return values;
}

const statistics::Logistic& fitted() {
  // Not fitted yet: the signs that theory gives, all of one size.
  static const statistics::Logistic fit = {.intercept = 0, .weights = {-1, 1, -1, -1, 1, 1, -1, 1, 1, -1}};
  return fit;
}

Outlook outlook(const FirstSteps& seen) {
  const std::vector<double> values = weigh(seen);
  Outlook result = {.lr = seen.lr,
                    .steps = static_cast<Index>(seen.steps),
                    .loss_before = seen.loss_before,
                    .loss_after = seen.loss_after,
                    .sharpness_rate = seen.sharpness * seen.lr,
                    .feature_rank = seen.feature_rank,
                    .log_odds = fitted().log_odds(values)};
  if (std::isnan(seen.loss_after)) {
    result.reason = "the first steps diverge";
    return result;
  }
  double worst = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double says = fitted().weights[i] * (values[i] - evidence()[i].usual);
    if (says >= worst) continue;
    worst = says;
    result.reason = fitted().weights[i] > 0 ? evidence()[i].low : evidence()[i].high;
  }
  return result;
}

double Outlook::chance() const { return 1 / (1 + std::exp(-log_odds)); }

}  // namespace fanin::probe
