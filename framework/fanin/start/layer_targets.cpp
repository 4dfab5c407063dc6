#include <fmt/format.h>

#include <map>
#include <set>

#include <fanin/core/format.hpp>
#include <fanin/init/second_moment.hpp>
#include <fanin/nn/activation.hpp>
#include <fanin/start/layer_targets.hpp>

namespace fanin::start {
namespace {

bool is_addition(const GraphOp& op) {
  return (op.kind() == "add" || op.kind() == "sub") && op.from[0] && op.from[1];
}

class Targets {
 public:
  Targets(const Graph& graph) : ops_(graph.ops) {
    for (const GraphOp& op : ops_) shortcuts_ += is_addition(op) && addends(op).free > 0;
  }

  /// Of the layer of that op, for which the second moment `asked` was given or none.
  LayerTarget of(std::size_t layer, std::optional<double> asked) {
    const double own = asked.value_or(1);
    for (std::size_t i = layer;;) {
      if (ops_[i].consumers.empty()) return {layer, layer, own, "the output"};
      if (ops_[i].consumers.size() > 1) return {layer, layer, own, "several take it"};
      i = ops_[i].consumers[0];
      const GraphOp& op = ops_[i];
      if (op.is_activation()) return {layer, i, depth_of(op, asked).target, "behind " + op.kind()};
      if (op.has_weight()) return {layer, layer, own, "another layer takes it"};
      if (op.is_normalization()) return {layer, layer, own, fmt::format("before {}", op.kind())};
      if (is_addition(op)) return in_addition(layer, i, asked);
      if (op.kind() == "concat") return {layer, layer, needed_behind(i, asked), "a part of a concatenation"};
      const bool adds_constant = op.kind() == "add" || op.kind() == "sub";
      if (!op.passes_on() && !adds_constant) return {layer, layer, own, fmt::format("before {}", op.kind())};
    }
  }

 private:
  /// What an addition adds, sums of sums taken apart.
  struct Addends {
    int layers = 0;  ///< that have a scale of their own
    int free = 0;    ///< that are what they are
  };

  Addends addends(const GraphOp& op) const {
    Addends all;
    for (const Producer& from : op.from) {
      if (from && is_addition(ops_[*from]) && ops_[*from].consumers.size() == 1) {
        const Addends more = addends(ops_[*from]);
        all.layers += more.layers;
        all.free += more.free;
      } else {
        ++(from && has_own_scale(*from) ? all.layers : all.free);
      }
    }
    return all;
  }

  /// Whether a layer gives it, through nothing but what passes it on.
  bool has_own_scale(std::size_t i) const {
    while (ops_[i].passes_on() && ops_[i].from[0]) i = *ops_[i].from[0];
    return ops_[i].has_weight();
  }

  LayerTarget in_addition(std::size_t layer, std::size_t addition, std::optional<double> asked) {
    const Addends all = addends(ops_[addition]);
    if (all.free == 0)
      return {
          layer, layer, needed_behind(addition, asked) / all.layers,
          fmt::format("one of {} in a sum", text::counted(static_cast<std::size_t>(all.layers), "layer"))};
    return {layer, layer, asked.value_or(1) / shortcuts_,
            fmt::format("a branch of {}", text::counted(static_cast<std::size_t>(shortcuts_), "shortcut"))};
  }

  /// The second moment that the activation behind op `i` is to be given; 1 where none is.
  double needed_behind(std::size_t i, std::optional<double> asked) {
    while (ops_[i].consumers.size() == 1) {
      i = ops_[i].consumers[0];
      if (ops_[i].is_activation()) {
        const auto& depth = depth_of(ops_[i], asked);
        if (depth.sigma > 0) return depth.sigma * depth.sigma;
        break;
      }
      if (!ops_[i].passes_on() && !is_addition(ops_[i])) break;
    }
    return asked.value_or(1);
  }

  const init::SecondMomentDepth& depth_of(const GraphOp& op, std::optional<double> asked) {
    const auto key = std::pair(op.kind(), asked);
    const auto known = depths_.find(key);
    if (known != depths_.end()) return known->second;
    const auto depth = init::second_moment_depth(init::Nonlinearity::named(op.kind()), asked);
    return depths_.emplace(key, depth).first->second;
  }

  const std::vector<GraphOp>& ops_;
  std::map<std::pair<std::string, std::optional<double>>, init::SecondMomentDepth> depths_;
  int shortcuts_ = 0;
};

}  // namespace

std::vector<LayerTarget> layer_targets(
    const Graph& graph, const std::function<std::optional<double>(const std::string& weight)>& asked) {
  Targets targets(graph);
  std::vector<LayerTarget> all;
  std::set<std::string> seen;
  for (std::size_t i = 0; i < graph.ops.size(); ++i)
    if (graph.ops[i].has_weight() && seen.insert(graph.ops[i].weight).second)
      all.push_back(targets.of(i, asked(graph.ops[i].weight)));
  return all;
}

}  // namespace fanin::start
