#pragma once
#include <array>
#include <memory>
#include <optional>
#include <utility>

#include <fanin/core/tensor.hpp>

namespace fanin {

/// Whether ops on this thread record how to differentiate themselves.
bool grad_enabled();

/// While one lives, ops on this thread record nothing: `NoGrad guard;`.
class NoGrad {
 public:
  NoGrad();
  ~NoGrad();
  NoGrad(const NoGrad&) = delete;
  NoGrad& operator=(const NoGrad&) = delete;

 private:
  bool before_;
};

/// Where an op's backward pass puts the gradients of its inputs. Each input is served in one of two ways:
/// `give` hands over a finished tensor; `slot` lends the input's own gradient buffer to a kernel that can
/// overwrite or accumulate, which saves a temporary and a pass over memory (a leaf's slot is its `grad()`
/// itself).
class Gradients {
 public:
  struct Slot {
    real* data;
    bool accumulate;  ///< add to what is there; otherwise overwrite it
  };
  /// Whether the gradient of input `i` is needed at all.
  bool wanted(int i) const;
  /// A slot of the input's shape. The kernel must write every element.
  Slot slot(int i);
  /// As `slot`, or a null pointer with accumulate=false when the gradient is not wanted.
  Slot slot_if_wanted(int i) { return wanted(i) ? slot(i) : Slot{nullptr, false}; }
  /// Takes `gradient` (of the input's shape) as, or adds it to, the input's gradient; ignored when not
  /// wanted. The op's own `grad_output` may be given on, to several inputs even: a shared buffer is copied
  /// before it is added to.
  void give(int i, Tensor gradient);

 private:
  friend class Node;
  explicit Gradients(class Node& node) : node_(node) {}
  class Node& node_;
};

/// One recorded op: what it needs for its backward pass and where its inputs came from.
class Node {
 public:
  static constexpr int max_inputs = 8;

  Node();
  virtual ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  virtual const char* name() const = 0;
  /// Differentiates: reads `grad`, fills the inputs' gradients.
  void run();
  /// Frees what was saved and the edges; a further `run` is an Error.
  void release();
  bool released() const { return released_; }

  void add_input(const Tensor& input);
  int input_count() const { return count_; }
  /// The node that computed input `i`; null for a leaf or an input whose gradient is not wanted.
  std::shared_ptr<Node> input_node(int i) const;
  /// Creation order: an op's inputs always come before it.
  std::uint64_t order() const { return order_; }

  bool keep_grad = false;  ///< whether a backward pass leaves its gradient in `kept_grad`
  Tensor kept_grad;
  Tensor grad;              ///< d loss / d output, gathered so far during a backward pass
  std::uint64_t visit = 0;  ///< the last backward pass that reached this node

 protected:
  virtual void backward(const Tensor& grad_output, Gradients& grads) = 0;
  virtual void free_saved() = 0;

 private:
  friend class Gradients;
  Tensor& input(int i) { return inputs_[static_cast<std::size_t>(i)]; }
  const Tensor& input(int i) const { return inputs_[static_cast<std::size_t>(i)]; }

  std::array<Tensor, max_inputs> inputs_;  // undefined where no gradient is wanted
  int count_ = 0;
  std::uint64_t order_;
  bool released_ = false;
};

/// Asks the next backward pass to keep d loss / d `output` of a computed tensor (torch's `retain_grad`);
/// nothing for a leaf.
void retain_grad(const Tensor& output);
/// What it kept; undefined when the pass did not reach `output`.
Tensor retained_grad(const Tensor& output);

/// The node of an op: `Op` has `static constexpr const char* name`, members that backward needs, and
/// `void backward(const Tensor& grad_output, Gradients& grads)`.
template <class Op>
class NodeOf final : public Node {
 public:
  explicit NodeOf(Op&& op) : op_(std::move(op)) {}
  const char* name() const override { return Op::name; }

 protected:
  void backward(const Tensor& grad_output, Gradients& grads) override { op_->backward(grad_output, grads); }
  void free_saved() override { op_.reset(); }

 private:
  std::optional<Op> op_;
};

/// Runs an op and, where an input requires grad and recording is on, records it. `Op::forward(const
/// Tensor&...)` returns the output and keeps in `Op`'s members what backward needs. An output it keeps is
/// safe to keep: the tensor returned here is another handle on the same elements, so no cycle can form.
template <class Op, class... Inputs>
Tensor record(Op op, const Inputs&... inputs) {
  const Tensor output = op.forward(inputs...);
  const bool wanted = grad_enabled() && ((inputs.defined() && inputs.requires_grad()) || ...);
  if (!wanted) return output;
  Tensor result = output.detach();
  auto node = make_pooled<NodeOf<Op>>(std::move(op));
  (node->add_input(inputs), ...);
  result.set_node(std::move(node));
  return result;
}

}  // namespace fanin
