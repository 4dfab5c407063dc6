#include <algorithm>
#include <cmath>

#include <fanin/core/fail.hpp>
#include <fanin/core/named_values.hpp>
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
  constexpr auto names = named_values<Condition>("condition", {{sound, "sound"},
                                                               {symmetric, "symmetric"},
                                                               {dead, "dead"},
                                                               {vanishes, "vanishes"},
                                                               {saturated, "saturated"},
                                                               {explodes, "explodes"},
                                                               {ill_conditioned, "ill conditioned"}});
  return names.name_of(condition);
}

const std::vector<Sign>& signs() {
  static const std::vector<Sign> all = {
      {Condition::explodes, "overflow", 0.5, true, Where::layer,
       "numbers have overflowed: the first step makes every weight NaN"},
      {Condition::symmetric, "twins", 0.5, true, Where::hidden_layer,
       "identical units get identical steps: they work as one until something tells them apart"},
      {Condition::dead, "dead", 0.95, true, Where::hidden_layer,
       "units that say the same to every sample pass on neither signal nor gradient"},
      {Condition::saturated, "saturated", 0.95, true, Where::hidden_layer,
       "on the flat ends of the activation almost no gradient passes"},
      {Condition::vanishes, "signal share", 0.01, false, Where::hidden_layer,
       "less than a hundredth of what the layer says depends on the sample"},
      {Condition::vanishes, "gradient ratio", 1e-3, false, Where::layer,
       "the gradient has faded a thousandfold on its way back from the logits"},
      {Condition::explodes, "gradient ratio", 1e3, true, Where::layer,
       "the gradient has grown a thousandfold on its way back from the logits"},
      {Condition::explodes, "logits", 100, true, Where::model,
       "logits of this size are wrong guesses made with certainty"},
      {Condition::ill_conditioned, "distortion", 5, true, Where::model,
       "few directions of the samples survive, and those are stretched very unevenly"}};
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
  for (std::size_t i = 0; i + 1 < probe.layers.size(); ++i)
    if (!probe.layers[i].idle) least = std::min(least, probe.layers[i].rank);
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
    return last.gradient > 0 ? layer.gradient / last.gradient : 1;
  }
  if (name == "logits") return last.std;
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
  const auto is_backward = [](const Sign& sign) { return sign.measure == "gradient ratio"; };
  for (const bool backward : {false, true}) {
    for (std::size_t i = 0; i < count; ++i) {
      for (const Sign& sign : signs()) {
        if (sign.where == Where::model || is_backward(sign) != backward) continue;
        if (sign.where == Where::hidden_layer && i + 1 == count) continue;
        if (probe.layers[i].idle && sign.measure != "overflow") continue;
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
