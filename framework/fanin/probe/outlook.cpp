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
                     .loss_before = trial.before.loss,
                     .sharpness = sharpness,
                     .loss_after = trial.diverged() ? NAN : trial.after.loss,
                     .slope_after = trial.diverged() ? 0 : trial.after.slope};
  for (const double loss : trial.losses) seen.most_loss = std::max(seen.most_loss, loss);
  if (trial.diverged()) return seen;
  const LayerProbe& last = trial.layers.back();
  seen.logits = last.signal;
  seen.signal_share = seen.gradient_low = 1;
  for (std::size_t i = 0; i + 1 < trial.layers.size(); ++i) {
    const LayerProbe& layer = trial.layers[i];
    if (layer.idle || (i < probe.layers.size() && probe.layers[i].idle)) continue;
    seen.signal_share = std::min(seen.signal_share, signal_share(layer));
    seen.gradient_low = std::min(seen.gradient_low, last.gradient > 0 ? layer.gradient / last.gradient : 0);
    seen.twins = std::max(seen.twins, layer.twins);
    seen.feature_rank = layer.rank;
  }
  return seen;
}

const std::vector<Evidence>& evidence() {
  static const std::vector<Evidence> all = {
      {"level", "log10 of the loss after the steps by that of guessing",
       [](const FirstSteps& s) { return decades(s.loss_after / s.chance_loss, -1, 1); }, -0.0678, "",
       "after the first steps it is no better than guessing"},
      {"progress", "log10 of the share of the loss that the run would take at the pace of its first steps",
       [](const FirstSteps& s) {
         if (!std::isfinite(s.loss_after)) return -2.0;
         return decades((s.loss_before - s.loss_after) / s.loss_before * s.run_steps / s.steps, -2, 2);
       },
       0.7104, "the loss hardly falls: at this pace the run ends before it has learnt", ""},
      {"overshoot", "log10 of the largest loss on the way by that before, or by that of guessing",
       [](const FirstSteps& s) {
         return decades(s.most_loss / std::max(s.loss_before, s.chance_loss), 0, 3);
       },
       0.06307, "", "the loss rises on the way"},
      {"instability", "log10 of sharpness times rate by 2",
       [](const FirstSteps& s) { return decades(s.sharpness * s.lr / 2, -1, 3); }, 0.1152,
       "the rate is small for the loss's curvature",
       "the rate is large for the sharpness: steps grow along the sharpest direction"},
      {"signal", "log10 of the least signal share",
       [](const FirstSteps& s) { return decades(s.signal_share, -4, 0); }, -0.2956,
       "a layer says the same to every sample", ""},
      {"gradient", "log10 of the least gradient by that of the logits",
       [](const FirstSteps& s) { return decades(s.gradient_low, -6, 0); }, -0.7885,
       "the gradient fades on its way back", ""},
      {"logits", "log10 of how far the logits of samples lie apart",
       [](const FirstSteps& s) { return decades(s.logits, -4, 2); }, -0.5857,
       "the logits hardly depend on the sample", "the logits are large"},
      {"twins", "share of units that are alike", [](const FirstSteps& s) { return s.twins; }, 0.02136, "",
       "units are alike and stay so"},
      {"reach", "log10 of the share of the loss that the gradient, staying as it is, would take in the run",
       [](const FirstSteps& s) {
         if (!std::isfinite(s.loss_after) || !std::isfinite(s.slope_after)) return -3.0;
         return decades(s.lr * s.run_steps * s.slope_after * s.slope_after / std::max(s.loss_after, 0.01), -3,
                        2);
       },
       0.9977, "the gradient is too small for the rate and the length of the run", ""}};
  return all;
}

std::vector<double> weigh(const FirstSteps& seen) {
  std::vector<double> values;
  for (const Evidence& one : evidence()) values.push_back(one.of(seen));
  return values;
}

const statistics::Logistic& fitted() {
  // As `build/probe_validation --folder examples/probe_validation --report` prints it, with what is usual above.
  static const statistics::Logistic fit = {
      .intercept = 3.484,
      .weights = {-2.444, 0.7368, 1.244, -0.2074, 0.5405, 0.1274, 1.279, -2.604, -0.7309}};
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
    const std::string reason = fitted().weights[i] > 0 ? evidence()[i].low : evidence()[i].high;
    if (reason.empty()) continue;
    worst = says;
    result.reason = reason;
  }
  return result;
}

double Outlook::chance() const { return 1 / (1 + std::exp(-log_odds)); }

}  // namespace fanin::probe
