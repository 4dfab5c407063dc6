#pragma once
#include <functional>
#include <string>
#include <vector>

#include <fanin/start/layer_targets.hpp>
#include <fanin/start/refine.hpp>

namespace fanin::start {

/// Goes through the targets of the graph's layers whose weights are to be fitted, in the order in which they run.
/// `asked`: the second moment that a fit's scheme was given, 0 for none. `solve`: scales the fit's weight, and whether a
/// scale reached the target. Says of each fit why it was left as drawn, "" where it was not, as `SchemeInfo::fit` does.
std::vector<std::string> fit_targets(const Fitting& fitting, const Graph& graph,
                                     const std::function<double(const Fit&)>& asked,
                                     const std::function<bool(const LayerTarget&, const Fit&)>& solve);

}  // namespace fanin::start
