#include "framework/lab/diagnosis.hpp"

#include <algorithm>
#include <cmath>

#include "framework/core/error.hpp"

namespace fanin::lab {
namespace {

std::string word(Condition condition) {
  switch (condition) {
    case Condition::symmetric:
      return "symmetric";
    case Condition::dead:
      return "dead";
    case Condition::vanishes:
      return "vanishes";
    case Condition::saturated:
      return "saturated";
    case Condition::explodes:
      return "explodes";
    case Condition::well_conditioned:
      break;
  }
  return "well conditioned";
}

/// Standard deviation of log10 of some positive numbers.
double spread(const std::vector<double>& values) {
  if (values.empty()) return 0;
  double mean = 0, squares = 0;
  for (const double v : values) mean += std::log10(v) / static_cast<double>(values.size());
  for (const double v : values) squares += (std::log10(v) - mean) * (std::log10(v) - mean);
  return std::sqrt(squares / static_cast<double>(values.size()));
}

}  // namespace

const std::vector<Sign>& signs() {
  static const std::vector<Sign> all = {
      {Condition::explodes, "overflow", 0.5, true, false,
       "numbers have overflowed: the first step makes every weight NaN"},
      {Condition::symmetric, "twins", 0.5, true, true,
       "identical units get identical steps: the layer works as if it had one unit"},
      {Condition::dead, "dead", 0.95, true, true,
       "units that say the same to every sample pass on neither signal nor gradient"},
      {Condition::saturated, "saturated", 0.8, true, true,
       "on the flat ends of the activation almost no gradient passes"},
      {Condition::vanishes, "signal", 1e-3, false, true,
       "outputs hardly differ from sample to sample, so there is nothing to learn from"},
      {Condition::vanishes, "gradient ratio", 1e-3, false, false,
       "the gradient has faded on its way back from the logits: the layer stands still"},
      {Condition::explodes, "gradient ratio", 1e3, true, false,
       "the gradient has grown on its way back from the logits: a step throws the layer off"},
      {Condition::explodes, "logits", 30, true, false,
       "logits of this size are wrong guesses made with certainty: the first steps overshoot"}};
  return all;
}

double measure(const Probe& probe, std::size_t index, const std::string& name) {
  const LayerProbe& layer = probe.layers.at(index);
  const LayerProbe& last = probe.layers.back();
  if (name == "overflow") return std::isfinite(layer.std) && std::isfinite(layer.gradient) ? 0 : 1;
  if (name == "twins") return layer.twins;
  if (name == "dead") return layer.dead;
  if (name == "saturated") return layer.saturated;
  if (name == "signal") return layer.signal;
  if (name == "gradient ratio") {
    // Logits with weights of exactly zero pass nothing on at first, but learn in the first step themselves.
    const bool zero_head = probe.layers.size() > 1 && probe.layers[probe.layers.size() - 2].gradient == 0;
    return last.gradient > 0 && !zero_head ? layer.gradient / last.gradient : 1;
  }
  if (name == "logits") return index + 1 == probe.layers.size() ? layer.std : 0;
  fail("measure: '{}' is none of a layer's measures", name);
}

std::string Diagnosis::to_string() const {
  return layer.empty() ? word(condition) : word(condition) + " at " + layer;
}

Diagnosis diagnose(const Probe& probe) {
  // What is wrong on the way forward comes first: a dead layer also stops the gradient of all layers before
  // it.
  for (const bool backward : {false, true}) {
    for (std::size_t i = 0; i < probe.layers.size(); ++i) {
      const bool logits = i + 1 == probe.layers.size();
      for (const Sign& sign : signs()) {
        if ((sign.measure == "gradient ratio") != backward || (logits && sign.hidden_only)) continue;
        const double value = measure(probe, i, sign.measure);
        if (sign.above ? !(value < sign.threshold) : value < sign.threshold) {
          return {sign.condition, probe.layers[i].layer, sign.measure, value, sign.reason};
        }
      }
    }
  }
  return {};
}

double imbalance(const Probe& probe) {
  if (probe.layers.empty()) return INFINITY;
  std::vector<double> forward, backward;
  for (std::size_t i = 0; i < probe.layers.size(); ++i) {
    if (i + 1 < probe.layers.size()) forward.push_back(probe.layers[i].std);
    backward.push_back(probe.layers[i].gradient);
  }
  double total = spread(forward) + spread(backward) + std::abs(std::log10(probe.layers.back().std));
  if (!probe.jacobian.empty()) total += std::log10(probe.jacobian.front() / probe.jacobian.back()) / 10;
  return std::isfinite(total) ? total : INFINITY;
}

}  // namespace fanin::lab
