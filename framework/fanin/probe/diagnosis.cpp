#include <algorithm>
#include <cmath>

#include <fanin/core/choice.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/probe/diagnosis.hpp>

namespace fanin::probe {
namespace {

/// Standard deviation of log10 of some positive numbers.
double spread(const std::vector<double>& values) {
  if (values.empty()) return 0;
  double mean = 0, squares = 0;
  for (const double v : values) mean += std::log10(v) / static_cast<double>(values.size());
  for (const double v : values) squares += (std::log10(v) - mean) * (std::log10(v) - mean);
  return std::sqrt(squares / static_cast<double>(values.size()));
}

}  // namespace

const char* name_of(Condition condition) {
  using enum Condition;
  constexpr auto names = choices<Condition>("condition", {{well_conditioned, "well conditioned"},
                                                          {symmetric, "symmetric"},
                                                          {dead, "dead"},
                                                          {vanishes, "vanishes"},
                                                          {saturated, "saturated"},
                                                          {explodes, "explodes"},
                                                          {ill_conditioned, "ill conditioned"}});
  return names.name_of(condition);
}

// The thresholds lie between what trained and what did not, halfway in the logarithm, among the pairs of
// `fanin probe --validate` that it does not mark as held out, seeds 0 to 2.
const std::vector<Sign>& signs() {
  static const std::vector<Sign> all = {
      {Condition::explodes, "overflow", 0.5, true, Where::layer,
       "numbers have overflowed: the first step makes every weight NaN"},
      {Condition::symmetric, "twins", 0.5, true, Where::hidden_layer,
       "identical units get identical steps: the layer works as if it had one unit"},
      {Condition::dead, "dead", 0.95, true, Where::hidden_layer,
       "units that say the same to every sample pass on neither signal nor gradient"},
      {Condition::saturated, "saturated", 0.95, true, Where::hidden_layer,
       "on the flat ends of the activation almost no gradient passes"},
      {Condition::vanishes, "signal share", 0.012, false, Where::hidden_layer,
       "outputs hardly differ from sample to sample, so there is nothing to learn from"},
      {Condition::vanishes, "gradient ratio", 1.7e-3, false, Where::layer,
       "the gradient has faded on its way back from the logits: the layer stands still"},
      {Condition::explodes, "gradient ratio", 150, true, Where::layer,
       "the gradient has grown on its way back from the logits: a step throws the layer off"},
      {Condition::explodes, "step", 0.76, true, Where::layer,
       "the first step at this learning rate is as large as the weights themselves: it replaces them"},
      {Condition::explodes, "logits", 280, true, Where::model,
       "logits of this size are wrong guesses made with certainty: the first steps overshoot"},
      {Condition::ill_conditioned, "distortion", 5, true, Where::model,
       "few directions of the samples survive, stretched very unevenly: no learning rate suits all"}};
  return all;
}

double signal_share(const LayerProbe& layer) {
  const double size = std::hypot(layer.mean, layer.std);
  return size == 0 ? 0 : layer.signal / size;
}

double stretch_spread(const Probe& probe) {
  if (probe.jacobian.empty() || !std::isfinite(probe.jacobian.front()) || probe.jacobian.front() == 0)
    return 1;
  std::vector<double> passing;
  for (const double value : probe.jacobian) {
    if (value > 1e-6 * probe.jacobian.front()) passing.push_back(value);
  }
  return std::pow(10, spread(passing));
}

double least_rank(const Probe& probe) {
  double least = INFINITY;
  for (std::size_t i = 0; i + 1 < probe.layers.size(); ++i) least = std::min(least, probe.layers[i].rank);
  return least;
}

double distortion(const Probe& probe) { return least_rank(probe) < 10 ? stretch_spread(probe) : 1; }

double measure(const Probe& probe, std::size_t index, const std::string& name) {
  const LayerProbe& layer = probe.layers.at(index);
  const LayerProbe& last = probe.layers.back();
  if (name == "overflow") return std::isfinite(layer.std) && std::isfinite(layer.gradient) ? 0 : 1;
  if (name == "twins") return layer.twins;
  if (name == "dead") return layer.dead;
  if (name == "saturated") return layer.saturated;
  if (name == "signal share") return signal_share(layer);
  if (name == "gradient ratio") {
    // Logits with weights of exactly zero pass nothing on at first, but learn in the first step themselves.
    const bool zero_head = probe.layers.size() > 1 && probe.layers[probe.layers.size() - 2].gradient == 0;
    return last.gradient > 0 && !zero_head ? layer.gradient / last.gradient : 1;
  }
  if (name == "logits") return last.std;
  if (name == "step") return layer.step;
  if (name == "distortion") return distortion(probe);
  fail("measure: '{}' is no measure of a probe", name);
}

std::string Diagnosis::to_string() const {
  return layer.empty() ? name_of(condition) : fmt::format("{} at {}", name_of(condition), layer);
}

Diagnosis diagnose(const Probe& probe) {
  const std::size_t count = probe.layers.size();
  const auto shows = [&](const Sign& sign, std::size_t i) {
    const double value = measure(probe, i, sign.measure);
    return sign.above ? !(value < sign.threshold) : value < sign.threshold;
  };
  const auto found = [&](const Sign& sign, std::size_t i) {
    return Diagnosis{sign.condition, sign.where == Where::model ? std::string{} : probe.layers[i].layer,
                     sign.measure, measure(probe, i, sign.measure), sign.reason};
  };
  // What is wrong on the way forward comes first: a dead layer also stops the gradient of all layers before
  // it. What only the whole shows comes last.
  const auto is_backward = [](const Sign& sign) {
    return sign.measure == "gradient ratio" || sign.measure == "step";
  };
  for (const bool backward : {false, true}) {
    for (std::size_t i = 0; i < count; ++i) {
      for (const Sign& sign : signs()) {
        if (sign.where == Where::model || is_backward(sign) != backward) continue;
        if (sign.where == Where::hidden_layer && i + 1 == count) continue;
        if (shows(sign, i)) return found(sign, i);
      }
    }
  }
  for (const Sign& sign : signs()) {
    if (sign.where == Where::model && count > 0 && shows(sign, count - 1)) return found(sign, count - 1);
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
  const double total = spread(forward) + spread(backward) +
                       std::abs(std::log10(probe.layers.back().std)) / 2 +
                       std::log10(stretch_spread(probe)) / 2;
  return std::isfinite(total) ? total : INFINITY;
}

}  // namespace fanin::probe
