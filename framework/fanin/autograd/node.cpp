#include <fanin/autograd/leaf_steps.hpp>
#include <fanin/autograd/node.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/kernels/pointwise/elementwise.hpp>

namespace fanin {
namespace {

thread_local bool recording = true;
thread_local std::uint64_t nodes_made = 0;

/// A chain of a thousand ops must not be freed by a thousand nested destructors: inputs queue here and go one
/// by one.
void free_flat(Tensor tensor) {
  thread_local PoolVector<Tensor>* queue = nullptr;
  if (queue != nullptr) {
    queue->push_back(std::move(tensor));
    return;
  }
  PoolVector<Tensor> mine;
  queue = &mine;
  mine.push_back(std::move(tensor));
  while (!mine.empty()) {
    const Tensor next = std::move(mine.back());
    mine.pop_back();
  }
  queue = nullptr;
}

}  // namespace

void refuse_written(const char* op, const Tensor& saved, std::uint32_t version) {
  const std::uint32_t times = saved.version() - version;
  fail(
      "{}: backward needs a tensor of shape {} as it was in the forward pass, and it was written over {} since (fill, "
      "copy_from, an optimizer's step, load or initialize); call backward() first, or write to a clone()",
      op, saved.shape().to_string(), times == 1 ? "once" : fmt::format("{} times", times));
}

bool grad_enabled() { return recording; }

NoGrad::NoGrad() : before_(recording) { recording = false; }
NoGrad::~NoGrad() { recording = before_; }

OpNode::OpNode() : order_(++nodes_made) {}

OpNode::~OpNode() {
  for (auto& one : inputs_) {
    if (one.defined() && one.node()) free_flat(std::move(one));
  }
}

void OpNode::add_input(const Tensor& tensor) {
  if (count_ == max_inputs) fail("{}: at most {} inputs can be differentiated", name(), int{max_inputs});
  Tensor& at = input(count_++);
  if (!tensor.defined() || !tensor.requires_grad()) return;
  at = tensor;
  // An input made on another thread may be ahead of this thread's count.
  if (tensor.node() && tensor.node()->order() >= order_) order_ = nodes_made = tensor.node()->order() + 1;
}

std::shared_ptr<OpNode> OpNode::input_node(int i) { return input(i).defined() ? input(i).node() : nullptr; }

Tensor OpNode::input_leaf(int i) {
  const Tensor& from = input(i);
  return from.defined() && !from.node() ? from : Tensor();
}

void OpNode::refuse_input(int i) const {
  fail("{}: there is no input {}, the op was recorded with {}", name(), i, count_);
}

void OpNode::run() {
  if (released_) fail("{}: the op was released, and what its backward pass needs was freed", name());
  require_defined(name(), "the gradient of the output", grad);
  Gradients gradients(*this);
  const Tensor gradient = std::move(grad);
  grad = Tensor();
  if (keep_grad) kept_grad = gradient;
  backward(gradient, gradients);
}

void retain_grad(const Tensor& output) {
  if (output.node()) output.node()->keep_grad = true;
}

Tensor retained_grad(const Tensor& output) {
  return output.node() ? output.node()->kept_grad : output.grad();
}

void OpNode::release() {
  free_saved();
  released_ = true;
  for (auto& one : inputs_) {
    if (one.defined()) free_flat(std::move(one));
    one = Tensor();
  }
}

bool Gradients::wanted(int i) const { return node_.input(i).defined(); }

Gradients::Slot Gradients::slot(int i) {
  Tensor& input = node_.input(i);
  if (!input.defined())
    fail("{}: the gradient of input {} is not wanted, so it has no slot; ask wanted({}) first", node_.name(),
         i, i);
  if (OpNode* from = input.node().get()) {
    if (from->grad.defined()) {
      if (!from->grad.unique()) from->grad = from->grad.clone();
      return {from->grad.data(), true};
    }
    from->grad = Tensor(input.shape());
    return {from->grad.data(), false};
  }
  const bool accumulate = input.grad().defined();
  Tensor& buffer = input.grad_buffer();
  input.mark_grad();
  return {buffer.data(), accumulate};
}

const kernels::SgdStep* Gradients::step(int i) {
  const LeafSteps* steps = LeafSteps::current();
  if (steps == nullptr || !wanted(i)) return nullptr;
  LeafStep* leaf = steps->find(node_.input(i));
  if (leaf == nullptr || leaf->uses != 1 || node_.input(i).grad().defined()) return nullptr;
  *leaf->made = true;
  return &leaf->step;
}

void Gradients::give(int i, Tensor gradient) {
  if (!wanted(i)) return;
  Tensor& input = node_.input(i);
  if (!gradient.defined()) fail("{}: the gradient given to input {} is undefined", node_.name(), i);
  if (gradient.shape() != input.shape()) {
    fail("{}: the gradient of input {} has shape {}, the input {}", node_.name(), i,
         gradient.shape().to_string(), input.shape().to_string());
  }
  OpNode* from = input.node().get();
  if (from != nullptr && !from->grad.defined()) {
    from->grad = std::move(gradient);
    return;
  }
  const Slot to = slot(i);
  kernels::scaled(gradient.numel(), 1, gradient.data(), to.data, to.accumulate);
}

}  // namespace fanin
