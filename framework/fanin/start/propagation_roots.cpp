// Functions of one tensor that several elementwise ops make together, as of activations that are written by hand.
#include <fmt/format.h>

#include <string_view>

#include <fanin/core/fail.hpp>
#include <fanin/ops/elementwise.hpp>
#include <fanin/start/propagation.hpp>
#include <fanin/start/propagation_pointwise.hpp>

namespace fanin::start {
namespace {

bool is_binary(const GraphOp& op) {
  const std::string_view name = op.ran.name;
  return name == "add" || name == "sub" || name == "mul" || name == "div";
}

bool is_unary(const GraphOp& op) {
  const auto rule = propagation_rules().find(op.ran.name);
  return rule != propagation_rules().end() && rule->second == pointwise_rule;
}

/// Whether an input is a number that no op and no input of the model gives.
bool is_number(const Graph& graph, const GraphOp& op, std::size_t i) {
  const Tensor& values = op.ran.inputs[i];
  return !op.from[i] && values.numel() == 1 && !values.same_as(graph.input);
}

/// Computes op by op, each once.
class Composed {
 public:
  Composed(const Propagation& signals, const Root& root, const Tensor& x)
      : ops_(signals.graph().ops), signals_(signals), root_(ops_[root.op].ran.inputs[root.input]), x_(x) {}

  Tensor of(std::size_t op) {
    const auto known = known_.find(op);
    if (known != known_.end()) return known->second;
    const GraphOp& one = ops_[op];
    Tensor y;
    if (is_unary(one)) {
      y = function_of(one)(input(one, 0));
    } else {
      const Tensor a = input(one, 0), b = input(one, 1);
      const std::string_view name = one.ran.name;
      y = name == "add" ? a + b : name == "sub" ? a - b : name == "mul" ? a * b : a / b;
    }
    return known_.emplace(op, y).first->second;
  }

 private:
  Tensor input(const GraphOp& op, std::size_t i) {
    if (op.ran.inputs[i].same_as(root_)) return x_;
    if (op.from[i] && signals_.root(*op.from[i])) return of(*op.from[i]);
    return Tensor::full({1}, op.ran.inputs[i].item());
  }

  const std::vector<GraphOp>& ops_;
  const Propagation& signals_;
  const Tensor& root_;
  const Tensor& x_;
  std::map<std::size_t, Tensor> known_;
};

}  // namespace

std::vector<std::optional<Root>> roots_of(const Graph& graph) {
  std::vector<std::optional<Root>> roots(graph.ops.size());
  const auto tensor = [&](const Root& root) { return graph.ops[root.op].ran.inputs[root.input]; };
  for (std::size_t i = 0; i < graph.ops.size(); ++i) {
    const GraphOp& op = graph.ops[i];
    const auto read = [&](std::size_t input) {
      const Producer& from = op.from[input];
      return from && roots[*from] ? *roots[*from] : Root{i, input};
    };
    if (is_unary(op)) roots[i] = read(0);
    if (!is_binary(op)) continue;
    const bool first = is_number(graph, op, 0), second = is_number(graph, op, 1);
    const Shape &a = op.ran.inputs[0].shape(), &b = op.ran.inputs[1].shape();
    if (first != second) {
      roots[i] = read(first ? 1 : 0);
    } else if (!first && a == b) {
      // A function of what an input of it is: x·sigmoid(x) of x, and not of what x is made of.
      const Root left = read(0), right = read(1);
      if (tensor(left).same_as(tensor(right))) roots[i] = left;
    }
    if (roots[i] && tensor(*roots[i]).shape() != op.ran.output.shape()) roots[i].reset();
  }
  return roots;
}

Pointwise Propagation::function(std::size_t op) const {
  if (!roots_[op]) fail("internal: op {} of a graph is no function of one tensor", graph_.ops[op].kind());
  return [this, op](const Tensor& x) { return Composed(*this, *roots_[op], x).of(op); };
}

}  // namespace fanin::start
