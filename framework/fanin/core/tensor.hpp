#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <fanin/core/memory.hpp>
#include <fanin/core/real.hpp>
#include <fanin/core/shape.hpp>

namespace fanin {

class Node;  // autograd/node.hpp: how a tensor was computed

/// Headers of one build with the library of the other would read floats as doubles, also through functions
/// whose names tell nothing of `real`. So whoever sees this header refers to a name that only its own build's
/// library has (core/tensor.cpp): the link fails, and the name that is missing says why.
#ifdef FANIN_DOUBLE
extern const char needs_the_library_built_with_FANIN_DOUBLE;
[[gnu::used, gnu::retain]] inline const char* const built_with_double =
    &needs_the_library_built_with_FANIN_DOUBLE;
#else
extern const char needs_the_library_built_without_FANIN_DOUBLE;
[[gnu::used, gnu::retain]] inline const char* const built_with_float =
    &needs_the_library_built_without_FANIN_DOUBLE;
#endif

/// An array of `real`: a cheap handle by value; copies share the same elements. Contiguous, row-major, images
/// NCHW. A default-made Tensor is undefined, as is one that was moved from or a `grad()` that no backward
/// pass has filled: it holds nothing; it may be copied, assigned to and asked whether it is `defined()`, and
/// all else is an Error.
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
  /// From here on the elements have no values: reading them is an Error that says whose they are, until
  /// `fill`, `copy_from` or a pointer to write through (`data()` of a tensor that is not const, to elements
  /// that are NaN) has set them.
  void unset(std::string whose);
  bool has_values() const;
  const Shape& shape() const;
  Index size(int dim) const { return shape()[dim]; }
  int rank() const { return shape().rank(); }
  Index numel() const;

  real* data();
  const real* data() const;
  std::span<real> values();
  std::span<const real> values() const { return {data(), static_cast<std::size_t>(numel())}; }
  std::vector<real> to_vector() const { return {values().begin(), values().end()}; }
  /// The one element of a tensor that has one; Error otherwise.
  real item() const;

  /// A new handle on the same elements without autograd history.
  Tensor detach() const;
  /// A new handle on the same elements, seen in another shape of as many elements; no autograd (ops/reshape
  /// has it).
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
  /// The gradient's buffer, made if needed, contents unset; `mark_grad` declares that it now holds the
  /// gradient.
  Tensor& grad_buffer();
  void mark_grad();
  const std::shared_ptr<Node>& node() const;
  /// For autograd: this handle, newly made, as the output of `node`.
  void set_node(std::shared_ptr<Node> node);
  /// Runs the graph backward from this scalar (autograd/backward.cpp); Error for a non-scalar, a tensor
  /// without a graph, or a graph already freed.
  void backward(bool retain_graph = false) const;
  /// Whether no other handle sees these elements.
  bool unique() const;
  bool same_as(const Tensor& other) const { return impl_ == other.impl_; }

 private:
  struct Impl;
  Impl& held() const {
    if (!impl_) [[unlikely]]
      throw_undefined();
    return *impl_;
  }
  [[noreturn]] static void throw_undefined();

  [[noreturn]] void refuse_read() const;
  void open();
  std::shared_ptr<Impl> impl_;
};

struct Tensor::Impl {
  Shape shape;
  Index numel = 0;
  real* elements = nullptr;
  std::shared_ptr<void> owner;               // keeps `elements` alive
  std::unique_ptr<const std::string> unset;  // while there are no values: whose they are
  bool requires_grad = false;
  bool has_grad = false;
  Tensor grad;
  std::shared_ptr<Node> node;
};

inline const Shape& Tensor::shape() const { return held().shape; }
inline Index Tensor::numel() const { return held().numel; }
inline bool Tensor::has_values() const { return !held().unset; }
inline real* Tensor::data() {
  if (held().unset) [[unlikely]]
    open();
  return impl_->elements;
}
inline const real* Tensor::data() const {
  if (held().unset) [[unlikely]]
    refuse_read();
  return impl_->elements;
}
inline std::span<real> Tensor::values() {
  if (held().unset) [[unlikely]]
    refuse_read();
  return {impl_->elements, static_cast<std::size_t>(impl_->numel)};
}
inline bool Tensor::requires_grad() const { return held().requires_grad; }
inline Tensor Tensor::grad() const { return held().has_grad ? impl_->grad : Tensor(); }
inline void Tensor::zero_grad() { held().has_grad = false; }
inline void Tensor::mark_grad() { held().has_grad = true; }
inline const std::shared_ptr<Node>& Tensor::node() const { return held().node; }
inline bool Tensor::unique() const { return impl_.use_count() == 1 && impl_->owner.use_count() == 1; }

/// Error unless `tensor` is defined; `op` and `what` go into the message ("linear: weight is undefined").
void require_defined(const char* op, const char* what, const Tensor& tensor);

}  // namespace fanin
