#pragma once
#include <array>
#include <memory>
#include <optional>
#include <utility>

#include <fanin/autograd/op_observer.hpp>
#include <fanin/autograd/saved_tensors.hpp>
#include <fanin/core/tensor.hpp>

namespace fanin::kernels {
struct SgdStep;
}

namespace fanin {

/// Whether ops on this thread record how to differentiate themselves.
bool grad_enabled();

/// While one lives, ops on this thread record nothing: `NoGrad guard;` (`torch.no_grad`).
class NoGrad {
 public:
  NoGrad();  ///< remembers what held before; they nest
  ~NoGrad();
  NoGrad(const NoGrad&) = delete;
  NoGrad& operator=(const NoGrad&) = delete;

 private:
  bool before_;
};

/// Where an op's backward pass puts the gradients of its inputs. Each input is served in one of two ways:
/// `give` hands over a finished tensor; `slot` lends the input's own gradient buffer to a kernel that can
/// overwrite or accumulate, which saves a temporary and a pass over memory (a leaf's slot is its `grad()`
/// itself). All are an Error for an input that the op was not recorded with.
class Gradients {
 public:
  /// Memory for the gradient of one input, row-major, of the input's shape.
  struct Slot {
    real* data;       ///< null when the gradient is not wanted
    bool accumulate;  ///< add to what is there; otherwise overwrite it
  };
  /// Whether the gradient of input `i` is needed at all.
  bool wanted(int i) const;
  /// The slot of input `i`; Error unless its gradient is `wanted`. The kernel must write every element.
  Slot slot(int i);
  /// As `slot`, or a null pointer with accumulate=false when the gradient is not wanted.
  Slot slot_if_wanted(int i) { return wanted(i) ? slot(i) : Slot{nullptr, false}; }
  /// Takes `gradient` (of the input's shape) as, or adds it to, the input's gradient; ignored when not
  /// wanted. The op's own `grad_output` may be given on, to several inputs even: a shared buffer is copied
  /// before it is added to. Error when it is undefined or of another shape.
  void give(int i, Tensor gradient);
  /// The step by which the op may move input `i`, a parameter, in place of storing its gradient
  /// (`LeafSteps`); null when it may not. Whoever gets one must make it, after all that reads the input.
  const kernels::SgdStep* step(int i);

 private:
  friend class OpNode;
  explicit Gradients(class OpNode& node) : node_(node) {}
  class OpNode& node_;
};

/// One recorded op: what it needs for its backward pass and where its inputs came from.
class OpNode {
 public:
  static constexpr int max_inputs = 8;  ///< tensors that one op may differentiate by

  OpNode();  ///< takes its place in the order of creation on this thread
  virtual ~OpNode();
  OpNode(const OpNode&) = delete;
  OpNode& operator=(const OpNode&) = delete;

  /// The op's, for messages.
  virtual const char* name() const = 0;
  /// Differentiates: takes `grad`, which is undefined afterwards, and fills the inputs' gradients. Error when
  /// there is no `grad`, or the node was released.
  void run();
  /// Frees what was saved and the edges; a backward pass that meets the node afterwards is an Error.
  void release();
  bool released() const { return released_; }  ///< whether `release` was called

  /// The op's next input, in the order `forward` takes them; Error past `max_inputs`.
  void add_input(const Tensor& input);
  int input_count() const { return count_; }  ///< wanted or not
  /// The node that computed input `i`; null for a leaf or an input whose gradient is not wanted. Error when
  /// the op has no such input.
  std::shared_ptr<OpNode> input_node(int i);
  /// Input `i` where it is a leaf whose gradient is wanted; undefined otherwise. Error as `input_node`.
  Tensor input_leaf(int i);
  /// Rank in creation: an op's inputs always have a smaller one.
  std::uint64_t order() const { return order_; }

  bool keep_grad = false;   ///< whether a backward pass leaves its gradient in `kept_grad`
  Tensor kept_grad;         ///< d loss / d output of the last pass that reached this node
  Tensor grad;              ///< d loss / d output, gathered so far during a backward pass
  std::uint64_t visit = 0;  ///< the last backward pass that reached this node

 protected:
  /// From `grad_output`, d loss / d output and of the output's shape, to the inputs' gradients, which go into
  /// `grads`.
  virtual void backward(const Tensor& grad_output, Gradients& grads) = 0;
  /// Frees what `backward` would need.
  virtual void free_saved() = 0;

 private:
  friend class Gradients;
  Tensor& input(int i) {
    if (i < 0 || i >= count_) [[unlikely]]
      refuse_input(i);
    return inputs_[static_cast<std::size_t>(i)];
  }
  [[noreturn]] void refuse_input(int i) const;

  std::array<Tensor, max_inputs> inputs_;  // undefined where no gradient is wanted
  int count_ = 0;
  std::uint64_t order_;
  bool released_ = false;
};

/// Asks the next backward pass to keep d loss / d `output` of a computed tensor (torch's `retain_grad`);
/// nothing for a leaf.
void retain_grad(const Tensor& output);
/// What it kept, of `output`'s shape; undefined when the pass did not reach `output`. A leaf's own `grad()`.
Tensor retained_grad(const Tensor& output);

/// The node of an op: `Op` has `static constexpr const char* name`, members that backward needs, and
/// `void backward(const Tensor& grad_output, Gradients& grads)`. Where it has `saved()`, too, the tensors in it
/// must not be written over until then.
template <class Op>
class OpNodeOf final : public OpNode {
 public:
  /// Of an op whose `forward` has run.
  explicit OpNodeOf(Op&& op) : op_(std::move(op)), saved_(std::in_place, *op_) {}
  const char* name() const override { return Op::name; }

 protected:
  void backward(const Tensor& grad_output, Gradients& grads) override {
    saved_->require_unwritten();
    op_->backward(grad_output, grads);
  }
  void free_saved() override { op_.reset(), saved_.reset(); }

 private:
  std::optional<Op> op_;
  std::optional<SavedTensors<Op>> saved_;
};

/// `record` where nobody watches.
template <class Op, class... Inputs>
Tensor record_untold(Op op, const Inputs&... inputs) {
  Tensor output = op.forward(inputs...);
  const bool wanted = grad_enabled() && ((inputs.defined() && inputs.requires_grad()) || ...);
  if (!wanted) return output;
  Tensor result = output.detach();
  auto node = make_pooled<OpNodeOf<Op>>(std::move(op));
  (node->add_input(inputs), ...);
  result.set_node(std::move(node));
  return result;
}

/// `record` where an `OpObserver` is told.
template <class Op, class... Inputs>
Tensor record_told(Op op, const Inputs&... inputs) {
  RanOp ran{.name = Op::name, .facts = {}, .inputs = {inputs...}, .output = {}, .again = {}};
  if constexpr (requires { op.facts(); }) ran.facts = op.facts();
  ran.again = [op](std::span<const Tensor> others) {
    const NoGrad no_grad;
    Op once = op;
    return [&]<std::size_t... i>(std::index_sequence<i...>) { return once.forward(others[i]...); }
    (std::index_sequence_for<Inputs...>{});
  };
  ran.output = record_untold(std::move(op), inputs...);
  OpObserver::tell(ran);
  return ran.output;
}

/// Runs an op and, where an input requires grad and recording is on, records it. `Op::forward(const
/// Tensor&...)` returns the output and keeps in `Op`'s members what backward needs. An output it keeps is
/// safe to keep: the tensor returned here is another handle on the same elements, so no cycle can form.
/// An `OpObserver` of this thread is told, with what `Op::facts()` says of the options, where there is one.
template <class Op, class... Inputs>
Tensor record(Op op, const Inputs&... inputs) {
  if (OpObserver::active()) [[unlikely]]
    return record_told(std::move(op), inputs...);
  return record_untold(std::move(op), inputs...);
}

}  // namespace fanin
