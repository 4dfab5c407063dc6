#include <fmt/format.h>

#include <algorithm>

#include <fanin/start/fit_targets.hpp>

namespace fanin::start {

std::vector<std::string> fit_targets(const Fitting& fitting, const Graph& graph,
                                     const std::function<double(const Fit&)>& asked,
                                     const std::function<bool(const LayerTarget&, const Fit&)>& solve) {
  const auto fit_of = [&](const std::string& weight) {
    return std::find_if(fitting.fits.begin(), fitting.fits.end(),
                        [&](const Fit& one) { return one.name == weight; });
  };
  const auto targets = layer_targets(graph, [&](const std::string& weight) {
    const auto fit = fit_of(weight);
    const double target = fit == fitting.fits.end() ? 0 : asked(*fit);
    return target > 0 ? std::optional(target) : std::nullopt;
  });
  std::vector<std::string> left(fitting.fits.size(), "no op of the graph multiplies by it");
  for (const LayerTarget& target : targets) {
    const auto fit = fit_of(graph.ops[target.layer].weight);
    if (fit == fitting.fits.end()) continue;
    left[static_cast<std::size_t>(fit - fitting.fits.begin())] =
        solve(target, *fit)
            ? ""
            : fmt::format("no scale gives {} of '{}' the second moment {:.4g}",
                          target.at == target.layer ? "the output"
                                                    : graph.ops[target.at].kind() + " behind the layer",
                          fit->name, target.target);
  }
  return left;
}

}  // namespace fanin::start
