#include <algorithm>
#include <atomic>
#include <optional>
#include <span>

#include <fanin/autograd/after_op.hpp>
#include <fanin/autograd/leaf_steps.hpp>
#include <fanin/autograd/node.hpp>
#include <fanin/core/fail.hpp>

namespace fanin {
namespace {

thread_local std::function<void()>* after_each_op = nullptr;

std::atomic<std::uint64_t> passes = 0;  // one count for all threads: a graph may be walked on several in turn

/// Every node the loss depends on, the latest first: an op is made after its inputs, so this order is
/// topological.
PoolVector<std::shared_ptr<OpNode>> reachable(const std::shared_ptr<OpNode>& root) {
  const std::uint64_t pass = ++passes;
  PoolVector<std::shared_ptr<OpNode>> nodes;
  root->visit = pass;
  nodes.push_back(root);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const std::shared_ptr<OpNode> node = nodes[i];
    if (node->released()) {
      fail(
          "backward: part of this loss's graph ({}) was freed by an earlier backward; call backward(true) "
          "there to keep it",
          node->name());
    }
    for (int j = 0; j < node->input_count(); ++j) {
      auto from = node->input_node(j);
      if (from == nullptr || from->visit == pass) continue;
      from->visit = pass;
      nodes.push_back(std::move(from));
    }
  }
  std::sort(nodes.begin(), nodes.end(), [](const auto& a, const auto& b) { return a->order() > b->order(); });
  return nodes;
}

/// A pass within an op of another one (which computes its part of the graph anew, say) sees a part of what reads
/// a leaf: it makes no steps.
class Pass {
 public:
  Pass() : outer_(running()) {
    if (outer_) no_steps_.emplace(std::span<LeafStep>());
    running() = true;
  }
  ~Pass() { running() = outer_; }
  Pass(const Pass&) = delete;
  Pass& operator=(const Pass&) = delete;

 private:
  static bool& running() {
    thread_local bool on = false;
    return on;
  }
  bool outer_;
  std::optional<LeafSteps> no_steps_;
};

void count_uses(const PoolVector<std::shared_ptr<OpNode>>& nodes, const LeafSteps& steps) {
  for (const auto& node : nodes) {
    for (int i = 0; i < node->input_count(); ++i) {
      const Tensor leaf = node->input_leaf(i);
      LeafStep* listed = leaf.defined() ? steps.find(leaf) : nullptr;
      if (listed != nullptr) ++listed->uses;
    }
  }
}

}  // namespace

AfterEachOp::AfterEachOp(std::function<void()> call) : call_(std::move(call)), before_(after_each_op) {
  after_each_op = &call_;
}
AfterEachOp::~AfterEachOp() { after_each_op = before_; }

void Tensor::backward(bool retain_graph) const {
  require_defined("backward", "the loss", *this);
  if (numel() != 1) {
    fail(
        "backward: the loss must be a scalar, this tensor has shape {}; reduce it with sum() or mean() first",
        shape().to_string());
  }
  if (!node()) {
    fail(
        "backward: this scalar was computed from nothing that requires grad (or under NoGrad), so there is "
        "no graph");
  }
  const Pass pass;
  const auto nodes = reachable(node());
  if (const LeafSteps* steps = LeafSteps::current()) count_uses(nodes, *steps);
  for (const auto& one : nodes) one->grad = Tensor();
  node()->grad = Tensor::full(shape(), 1);
  for (const auto& one : nodes) {
    if (one->grad.defined()) one->run();
    if (!retain_graph) one->release();
    if (after_each_op != nullptr) (*after_each_op)();
  }
}

}  // namespace fanin
