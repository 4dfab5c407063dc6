#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <fanin/start/graph.hpp>

namespace fanin::start {

/// Where in a graph the scale of a layer's weight is to show, and as what: the schemes `analytic` and `empirical` aim
/// there.
struct LayerTarget {
  std::size_t layer;   ///< the op that the weight is of
  std::size_t at;      ///< the op whose output is to have the second moment
  double target;       ///< that second moment, a mean over the output's elements
  std::string reason;  ///< why there: "behind relu", "a branch of 8 additions", …
};

/// One for each weight of the graph, in the order in which their ops first run:
/// - Behind the next activation, through pools, dropout and what moves elements, its second moment is 1, or the middle
///   of what it can be where it cannot be 1 (`init::second_moment_depth`); or what is `asked` for the weight of that name.
/// - Before a normalization, which undoes any scale, before a fork, another layer or the end, the layer's own output
///   has second moment 1 (or what is asked).
/// - Of the n layers that meet in an addition each gives 1/n of what the activation behind it needs. Where a shortcut
///   hands on a signal that no layer of its own scales, no scale of the branch keeps the sum at its target; a branch
///   then adds 1/(additions of this kind in the graph), so that all together at most double the signal.
/// - Before a concatenation the layer's own output has what the activation behind it needs.
std::vector<LayerTarget> layer_targets(
    const Graph& graph, const std::function<std::optional<double>(const std::string& weight)>& asked);

}  // namespace fanin::start
