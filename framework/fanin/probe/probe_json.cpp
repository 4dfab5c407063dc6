#include <fanin/io/finite_json.hpp>
#include <fanin/probe/correlation_map.hpp>
#include <fanin/probe/probe_text.hpp>

namespace fanin::probe {
namespace {

using io::finite_or_null;
using nlohmann::ordered_json;

ordered_json layer_json(const LayerProbe& one, double lr) {
  return {{"layer", one.layer},
          {"mean", finite_or_null(one.mean)},
          {"std", finite_or_null(one.std)},
          {"signal", finite_or_null(one.signal)},
          {"correlation", finite_or_null(one.correlation)},
          {"dead", one.dead},
          {"saturated", one.saturated},
          {"gradient_norm", finite_or_null(one.gradient)},
          {"effective_rank", finite_or_null(one.rank)},
          {"twins", one.twins},
          {"step", finite_or_null(lr * one.pull)},
          {"idle", one.idle}};
}

ordered_json outlook_json(const Outlook& one) {
  return {{"lr", one.lr},
          {"trains", one.trains()},
          {"chance", one.chance()},
          {"log_odds", one.log_odds},
          {"reason", one.reason},
          {"steps", one.steps},
          {"loss_before", finite_or_null(one.loss_before)},
          {"loss_after", finite_or_null(one.loss_after)},
          {"sharpness_rate", finite_or_null(one.sharpness_rate)},
          {"feature_rank", finite_or_null(one.feature_rank)}};
}

ordered_json scheme_json(const Probed& one) {
  ordered_json layers = ordered_json::array(), jacobian = ordered_json::array();
  for (const auto& layer : one.probe.layers) layers.push_back(layer_json(layer, one.outlook.lr));
  for (const double value : one.probe.jacobian) jacobian.push_back(finite_or_null(value));
  const CorrelationMap map = correlation_map(one.probe);
  const Diagnosis& d = one.diagnosis;
  return {{"scheme", one.scheme},
          {"plan", one.plan},
          {"signal",
           {{"verdict", d.to_string()},
            {"sound", d.sound()},
            {"layer", d.layer.empty() ? ordered_json(nullptr) : ordered_json(d.layer)},
            {"measure", d.measure},
            {"value", finite_or_null(d.value)},
            {"reason", d.reason}}},
          {"training", outlook_json(one.outlook)},
          {"loss", finite_or_null(one.probe.loss)},
          {"sharpness", finite_or_null(one.sharpness)},
          {"imbalance", finite_or_null(imbalance(one.probe))},
          {"stretch_spread", finite_or_null(stretch_spread(one.probe))},
          {"correlation_limit", finite_or_null(map.limit)},
          {"correlation_depth", finite_or_null(map.depth)},
          {"jacobian_singular_values", jacobian},
          {"layers", layers}};
}

}  // namespace

ordered_json probe_json(const std::string& model, const std::vector<Probed>& all,
                        const std::optional<Recommendation>& chosen) {
  ordered_json schemes = ordered_json::array(), recommended = nullptr;
  for (const auto& one : all) schemes.push_back(scheme_json(one));
  if (chosen) {
    ordered_json tried = ordered_json::array();
    for (const Outlook& one : chosen->rate.tried) tried.push_back(outlook_json(one));
    recommended = {
        {"scheme", all[chosen->scheme].scheme}, {"lr", chosen->rate.best().lr}, {"rates_tried", tried}};
  }
  return {{"model", model}, {"schemes", schemes}, {"recommended", recommended}};
}

}  // namespace fanin::probe
