#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <fanin/probe/outlook.hpp>

namespace fanin::probe {
namespace {

/// log10 of a number that may be anything: that of the nearest limit where it is beyond it; low for no number.
double decades(double value, double low, double high) {
  if (std::isnan(value)) return low;
  return std::clamp(std::log10(std::max(value, 1e-300)), low, high);
}

/// Calls `visit(layer, gradient)` for every hidden layer that something depends on, with its gradient by that
/// of the logits.
void for_hidden(const std::vector<LayerProbe>& layers, auto&& visit) {
  const double last = layers.back().gradient;
  for (std::size_t i = 0; i + 1 < layers.size(); ++i)
    if (!layers[i].idle) visit(layers[i], last > 0 ? layers[i].gradient / last : 0.0);
}

}  // namespace

FirstSteps first_steps(const RateTrial& trial, const PlannedRun& run) {
  FirstSteps seen = {.steps = static_cast<double>(trial.steps),
                     .run_steps = static_cast<double>(run.steps),
                     .chance_loss = std::log(std::max(2.0, static_cast<double>(trial.classes))),
                     .loss_before = trial.before.loss,
                     .slope_before = trial.before.slope,
                     .loss_after = NAN,
                     .loss_pressed = NAN};
  if (trial.diverged()) return seen;
  seen.loss_after = trial.after.loss;
  seen.right_after = trial.after.right;
  for_hidden(trial.layers, [&](const LayerProbe& layer, double gradient) {
    seen.gradient_most = std::max(seen.gradient_most, gradient);
    seen.feature_rank = layer.rank;
  });
  if (trial.broke()) return seen;
  seen.loss_pressed = trial.pressed.loss;
  seen.right_pressed = trial.pressed.right;
  seen.slope_pressed = trial.pressed.slope;
  seen.gradient_least = 1;
  for_hidden(trial.pressed_layers, [&](const LayerProbe&, double gradient) {
    seen.gradient_least = std::min(seen.gradient_least, gradient);
  });
  return seen;
}

const std::vector<Evidence>& evidence() {
  static const std::vector<Evidence> all = {
      {"right", "share of samples that are right after the steps, at most a half",
       [](const FirstSteps& s) {
         const double most = std::max(s.right_after, s.right_pressed);
         return most > 0 ? std::min(most, 0.5) : 0.0;  // 0 for NaN, too
       },
       0.2893, "after the first steps hardly more samples are right than by guessing", ""},
      {"progress", "log10 of the share of the loss of guessing that the run would take at this pace",
       [](const FirstSteps& s) {
         const double taken = std::min(s.loss_before, s.chance_loss) - s.loss_pressed;
         return taken > 0 ? decades(taken / s.chance_loss * s.run_steps / s.steps, -2, 2) : -2.0;
       },
       0.0392, "the loss hardly falls below that of guessing", ""},
      {"growth", "log10 of the gradient after the steps by that before",
       [](const FirstSteps& s) {
         const double growth = s.slope_pressed / s.slope_before;
         return growth > 0 ? decades(growth, -3, 5) : 0.0;
       },
       -0.4963, "the gradient fades with the steps", "the gradient grows with the steps"},
      {"gradient", "log10 of the least gradient by that of the logits",
       [](const FirstSteps& s) { return decades(s.gradient_least, -6, 0); }, -0.9474,
       "the gradient fades on its way back", ""},
      {"amplification", "log10 of the largest gradient by that of the logits",
       [](const FirstSteps& s) { return decades(s.gradient_most, 0, 4); }, 0.1265, "",
       "the gradient grows on its way back"}};
  return all;
}

std::vector<double> weigh(const FirstSteps& seen) {
  std::vector<double> values;
  for (const Evidence& one : evidence()) values.push_back(one.of(seen));
  return values;
}

const statistics::Logistic& fitted() {
  // As `build/probe_validation --folder examples/probe_validation --report` prints it, with what is usual above.
  static const statistics::Logistic fit = {.intercept = -0.2917,
                                           .weights = {15.78, 0.4439, -0.2481, 0.6063, -0.9235}};
  return fit;
}

Outlook outlook(const RateTrial& trial, const PlannedRun& run, double sharpness) {
  Outlook result = outlook(first_steps(trial, run));
  result.lr = trial.lr;
  result.sharpness_rate = sharpness * trial.lr;
  return result;
}

Outlook outlook(const FirstSteps& seen) {
  const std::vector<double> values = weigh(seen);
  Outlook result = {.steps = static_cast<Index>(seen.steps),
                    .loss_before = seen.loss_before,
                    .loss_after = seen.loss_after,
                    .feature_rank = seen.feature_rank,
                    .log_odds = fitted().log_odds(values)};
  if (!std::isfinite(seen.loss_after) || !std::isfinite(seen.loss_pressed)) {
    result.reason = std::isfinite(seen.loss_after)
                        ? fmt::format("at {} times the rate the first steps diverge", pressure)
                        : "the first steps diverge";
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
