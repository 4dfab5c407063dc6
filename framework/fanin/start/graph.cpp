#include <algorithm>
#include <array>
#include <string_view>

#include <fanin/autograd/node.hpp>
#include <fanin/nn/activation.hpp>
#include <fanin/start/graph.hpp>

namespace fanin::start {
namespace {

template <std::size_t n>
bool is_one_of(const std::array<std::string_view, n>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::string GraphOp::kind() const {
  return is_activation() ? nn::activation_name(std::any_cast<nn::Activation>(ran.facts)) : ran.name;
}

bool GraphOp::is_activation() const { return std::any_cast<nn::Activation>(&ran.facts) != nullptr; }

bool GraphOp::is_normalization() const {
  return is_one_of<3>({"batch_norm", "layer_norm", "group_norm"}, ran.name);
}

bool GraphOp::passes_on() const {
  return is_one_of<8>({"max_pool2d", "avg_pool2d", "adaptive_avg_pool2d", "dropout", "reshape", "transpose",
                       "permute", "mean"},
                      ran.name);
}

std::string Graph::path_behind(std::size_t i) const {
  std::string path;
  while (ops[i].consumers.size() == 1) {
    i = ops[i].consumers[0];
    if (ops[i].has_weight()) break;
    path += (path.empty() ? "" : "→") + ops[i].kind();
  }
  return path;
}

Graph traced(nn::Module& model, const Tensor& input) {
  Graph graph{.ops = {}, .input = input};
  const auto parameters = model.named_parameters();
  const auto producer_of = [&](const Tensor& tensor) -> Producer {
    for (std::size_t i = graph.ops.size(); i-- > 0;)
      if (graph.ops[i].ran.output.same_as(tensor)) return i;
    return std::nullopt;
  };
  // A linear map's weight, seen through what moves its elements or takes some of them. A matrix that is added (places'
  // embeddings) or multiplied element by element (gates) has no fans, and is no layer's weight.
  const auto find_weight = [&](GraphOp& op) {
    const std::string_view name = op.ran.name;
    const bool table = name == "embedding", either = name == "matmul";
    if (!table && !either && !is_one_of<3>({"linear", "conv2d", "conv_transpose2d"}, name)) return;
    for (std::size_t i = table || either ? 0 : 1; i < (table ? 1U : 2U); ++i) {
      bool by_columns = table || (either && i == 1) || name == "conv_transpose2d";
      Producer from = op.from[i];
      Tensor at = op.ran.inputs[i];
      while (from && is_one_of<4>({"transpose", "permute", "reshape", "slice"}, graph.ops[*from].ran.name)) {
        if (is_one_of<2>({"transpose", "permute"}, graph.ops[*from].ran.name)) by_columns = !by_columns;
        at = graph.ops[*from].ran.inputs[0];
        from = graph.ops[*from].from[0];
      }
      for (const auto& parameter : parameters) {
        if (from || parameter.parameter->value.rank() < 2 || !parameter.parameter->value.same_as(at))
          continue;
        op.weight = parameter.name;
        op.weight_input = i;
        op.by_columns = by_columns;
      }
    }
  };
  const NoGrad no_grad;
  const OpObserver observer([&](const RanOp& ran) {
    GraphOp op{.ran = ran, .from = {}, .consumers = {}};
    for (const Tensor& one : ran.inputs) {
      op.from.push_back(one.defined() ? producer_of(one) : std::nullopt);
      if (const Producer& from = op.from.back()) {
        auto& consumers = graph.ops[*from].consumers;
        if (consumers.empty() || consumers.back() != graph.ops.size()) consumers.push_back(graph.ops.size());
      }
    }
    find_weight(op);
    graph.ops.push_back(std::move(op));
  });
  model(input);
  return graph;
}

double second_moment(const Tensor& values) {
  double sum = 0;
  for (const real x : values.values()) sum += static_cast<double>(x) * static_cast<double>(x);
  return values.numel() > 0 ? sum / static_cast<double>(values.numel()) : 0;
}

}  // namespace fanin::start
