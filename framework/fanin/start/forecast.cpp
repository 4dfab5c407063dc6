#include <algorithm>

#include <fanin/autograd/node.hpp>
#include <fanin/nn/activation.hpp>
#include <fanin/start/forecast.hpp>
#include <fanin/start/keep_state.hpp>
#include <fanin/start/layer_targets.hpp>

namespace fanin::start {

std::vector<OpForecast> forecast(nn::Module& model, const Tensor& images, Signal input) {
  const KeepState keep(model);
  const Graph graph = traced(model, images.view_rows(0, std::min<Index>(2, images.size(0))));
  const Propagation signals(graph, std::move(input));
  std::vector<OpForecast> all;
  for (std::size_t i = 0; i < graph.ops.size(); ++i) {
    const GraphOp& op = graph.ops[i];
    Shape shape;
    for (int d = 1; d < op.ran.output.rank(); ++d) shape.append(op.ran.output.size(d));
    all.push_back({.kind = op.kind(),
                   .weight = op.weight,
                   .path = op.has_weight() ? graph.path_behind(i) : "",
                   .shape = shape,
                   .predicted = signals.of(i).second_average(),
                   .unsure = signals.unsure(i),
                   .by_rule = !signals.of(i).measured,
                   .target = {}});
  }
  for (const LayerTarget& target : layer_targets(graph, [](const std::string&) { return std::nullopt; }))
    all[target.at].target = target.target;
  std::size_t ran = 0;
  const NoGrad no_grad;
  const OpObserver observer([&](const RanOp& op) {
    if (ran < all.size()) all[ran++].measured = second_moment(op.output);
  });
  model(images);
  return all;
}

std::vector<std::pair<std::string, init::SecondMomentDepth>> depths_of(const std::vector<OpForecast>& ops) {
  std::vector<std::pair<std::string, init::SecondMomentDepth>> all;
  const auto& names = nn::activation_names();
  for (const OpForecast& op : ops) {
    const std::string name = op.kind.substr(0, op.kind.find('('));
    const bool known =
        std::any_of(all.begin(), all.end(), [&](const auto& one) { return one.first == op.kind; });
    if (known || std::find(names.begin(), names.end(), name) == names.end()) continue;
    all.emplace_back(op.kind, init::second_moment_depth(init::Nonlinearity::named(op.kind)));
  }
  return all;
}

}  // namespace fanin::start
