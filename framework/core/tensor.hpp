#pragma once
#include <memory>
#include <span>
#include <vector>

#include "framework/core/memory.hpp"
#include "framework/core/real.hpp"
#include "framework/core/shape.hpp"

namespace fanin {

class Node;  // autograd/node.hpp: how a tensor was computed

/// An array of `real`: a cheap handle by value; copies share the same elements. Contiguous, row-major, images NCHW.
/// A default-made Tensor is undefined: it holds nothing and only `defined()` may be asked of it.
class Tensor {
 public:
  Tensor() = default;
  /// Elements not yet set.
  explicit Tensor(const Shape& shape);
  static Tensor zeros(const Shape& shape) { return full(shape, 0); }
  static Tensor ones(const Shape& shape) { return full(shape, 1); }
  static Tensor full(const Shape& shape, real value);
  /// Copies `values`; Error when their count is not the shape's.
  static Tensor from(std::span<const real> values, const Shape& shape);
  static Tensor from(std::initializer_list<real> values, const Shape& shape);
  static Tensor scalar(real value) { return full({}, value); }

  /// A tensor over elements that `owner` keeps alive: a piece of a flat buffer, say.
  static Tensor over(std::shared_ptr<void> owner, real* elements, const Shape& shape);

  bool defined() const { return impl_ != nullptr; }
  const Shape& shape() const;
  Index size(int dim) const { return shape()[dim]; }
  int rank() const { return shape().rank(); }
  Index numel() const;

  real* data();
  const real* data() const;
  std::span<real> values() { return {data(), static_cast<std::size_t>(numel())}; }
  std::span<const real> values() const { return {data(), static_cast<std::size_t>(numel())}; }
  std::vector<real> to_vector() const { return {values().begin(), values().end()}; }
  /// The one element of a tensor that has one; Error otherwise.
  real item() const;

  /// A new handle on the same elements without autograd history.
  Tensor detach() const;
  /// A new handle on the same elements, seen in another shape of as many elements; no autograd (ops/reshape has it).
  Tensor view(const Shape& shape) const;
  /// A copy of the elements, without autograd history.
  Tensor clone() const;
  /// Copies elements from a tensor of the same shape into this one's; Error naming both shapes otherwise.
  void copy_from(const Tensor& other);
  void fill(real value);
  /// Moves this tensor's elements into `elements` (owned by `owner`), where every handle then sees them.
  /// An optimizer gathers all parameters into one flat buffer this way.
  void rebase(std::shared_ptr<void> owner, real* elements);

  // Autograd. `backward` and everything that records lives in autograd/.
  bool requires_grad() const;
  Tensor& set_requires_grad(bool on);
  /// d loss / d this after `backward()` for a leaf that requires grad; undefined when there is none.
  Tensor grad() const;
  /// Forgets the gradient but keeps its buffer for the next backward pass.
  void zero_grad();
  /// The gradient's buffer, made if needed, contents unset; `mark_grad` declares that it now holds the gradient.
  Tensor& grad_buffer();
  void mark_grad();
  const std::shared_ptr<Node>& node() const;
  /// For autograd: this handle, newly made, as the output of `node`.
  void set_node(std::shared_ptr<Node> node);
  /// Runs the graph backward from this scalar (autograd/backward.cpp); Error for a non-scalar, a tensor without a
  /// graph, or a graph already freed.
  void backward(bool retain_graph = false) const;
  /// Whether no other handle sees these elements.
  bool unique() const;
  bool same_as(const Tensor& other) const { return impl_ == other.impl_; }

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

struct Tensor::Impl {
  Shape shape;
  Index numel = 0;
  real* elements = nullptr;
  std::shared_ptr<void> owner;  // keeps `elements` alive
  bool requires_grad = false;
  bool has_grad = false;
  Tensor grad;
  std::shared_ptr<Node> node;
};

inline const Shape& Tensor::shape() const { return impl_->shape; }
inline Index Tensor::numel() const { return impl_->numel; }
inline real* Tensor::data() { return impl_->elements; }
inline const real* Tensor::data() const { return impl_->elements; }
inline bool Tensor::requires_grad() const { return impl_->requires_grad; }
inline Tensor Tensor::grad() const { return impl_->has_grad ? impl_->grad : Tensor(); }
inline void Tensor::zero_grad() { impl_->has_grad = false; }
inline void Tensor::mark_grad() { impl_->has_grad = true; }
inline const std::shared_ptr<Node>& Tensor::node() const { return impl_->node; }
inline bool Tensor::unique() const { return impl_.use_count() == 1 && impl_->owner.use_count() == 1; }

/// Error unless `tensor` is defined; `op` and `what` go into the message ("linear: weight is undefined").
void require_defined(const char* op, const char* what, const Tensor& tensor);

}  // namespace fanin
