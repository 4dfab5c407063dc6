#include <fmt/format.h>

#include <fanin/io/finite_json.hpp>
#include <fanin/probe/probe_text.hpp>

namespace fanin::probe {
namespace {

using nlohmann::ordered_json;

ordered_json layer_json(const LayerProbe& one) {
  return {{"layer", one.layer},
          {"mean", io::finite_or_null(one.mean)},
          {"std", io::finite_or_null(one.std)},
          {"signal", io::finite_or_null(one.signal)},
          {"dead", one.dead},
          {"saturated", one.saturated},
          {"gradient_norm", io::finite_or_null(one.gradient)},
          {"effective_rank", io::finite_or_null(one.rank)},
          {"twins", one.twins},
          {"step", io::finite_or_null(one.step)}};
}

}  // namespace

std::string three_digits(double value) { return fmt::format("{:.3g}", value); }

std::string range_text(double first, double last) { return three_digits(first) + " → " + three_digits(last); }

const Probed* recommended(const std::vector<Probed>& all) {
  const Probed* best = nullptr;
  for (const auto& one : all) {
    if (one.diagnosis.trains() && (best == nullptr || imbalance(one.probe) < imbalance(best->probe)))
      best = &one;
  }
  return best;
}

std::string recommendation(const std::vector<Probed>& all) {
  const Probed* best = recommended(all);
  if (best == nullptr)
    return "none of these schemes is fit for this model and data; try others (fanin inits)";
  const auto& layers = best->probe.layers;
  return fmt::format(
      "{}: of the well-conditioned schemes it keeps signal and gradient most even over depth (imbalance {:.2f}): std {}, gradient norm {} back to the first layer",
      best->scheme, imbalance(best->probe), range_text(layers.front().std, layers.back().std),
      range_text(layers.back().gradient, layers.front().gradient));
}

std::string probe_json(const std::string& model, const std::vector<Probed>& all) {
  ordered_json schemes = ordered_json::array();
  for (const auto& one : all) {
    ordered_json layers = ordered_json::array(), jacobian = ordered_json::array();
    for (const auto& layer : one.probe.layers) layers.push_back(layer_json(layer));
    for (const double value : one.probe.jacobian) jacobian.push_back(io::finite_or_null(value));
    schemes.push_back({{"scheme", one.scheme},
                       {"plan", one.plan},
                       {"verdict", one.diagnosis.to_string()},
                       {"trains", one.diagnosis.trains()},
                       {"measure", one.diagnosis.measure},
                       {"value", io::finite_or_null(one.diagnosis.value)},
                       {"reason", one.diagnosis.reason},
                       {"imbalance", io::finite_or_null(imbalance(one.probe))},
                       {"stretch_spread", io::finite_or_null(stretch_spread(one.probe))},
                       {"loss", io::finite_or_null(one.probe.loss)},
                       {"jacobian_singular_values", jacobian},
                       {"layers", layers}});
  }
  const Probed* best = recommended(all);
  const ordered_json json = {
      {"model", model},
      {"schemes", schemes},
      {"recommended", best != nullptr ? ordered_json(best->scheme) : ordered_json(nullptr)},
      {"reason", recommendation(all)}};
  return json.dump(2);
}

}  // namespace fanin::probe
