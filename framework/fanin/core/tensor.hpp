#pragma once
#include <atomic>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <ranges>
#include <span>
#include <string>
#include <vector>

#include <fanin/core/memory.hpp>
#include <fanin/core/real.hpp>
#include <fanin/core/shape.hpp>

namespace fanin {

class OpNode;  // autograd/node.hpp: how a tensor was computed

/// A run of indices, `begin` up to but not with `end`: `t[{1, 3}]`.
struct IndexRange {
  Index begin, end;                                                     ///< negative ones count from the end
  constexpr IndexRange(Index from, Index to) : begin(from), end(to) {}  ///< both are needed
};

/// An array of `real`: a cheap handle by value; copies share the same elements. Contiguous, row-major, images
/// NCHW. A default-made Tensor is undefined, as is one that was moved from or a `grad()` that no backward
/// pass has filled: it holds nothing; it may be copied, assigned to and asked whether it is `defined()`, and
/// all else is an Error.
class Tensor {
 public:
  Tensor() = default;  ///< undefined
  /// @{
  /// A handle on the same elements. One is assigned to a variable alone: `t[0] = x` would set no element, which
  /// `t[0].copy_from(x)` does.
  Tensor(const Tensor&) = default;
  Tensor(Tensor&&) noexcept = default;
  Tensor& operator=(const Tensor&) & = default;
  Tensor& operator=(Tensor&&) & noexcept = default;
  ~Tensor() = default;
  /// @}
  /// Elements not yet written, as `torch.empty`; Error (memory) when there is not enough for them.
  explicit Tensor(const Shape& shape);
  /// @{
  /// Every element the same, as `torch.zeros`, `torch.ones` and `torch.full`; the Error of the constructor.
  static Tensor zeros(const Shape& shape) { return full(shape, 0); }
  static Tensor ones(const Shape& shape) { return full(shape, 1); }
  static Tensor full(const Shape& shape, real value);
  /// @}
  /// @{
  /// Copies `values`, row-major; Error when their count is not the shape's.
  static Tensor from(std::span<const real> values, const Shape& shape);
  static Tensor from(std::initializer_list<real> values, const Shape& shape);
  /// Of rank 1.
  static Tensor from(std::initializer_list<real> values) { return from(values, {std::ssize(values)}); }
  /// @}
  /// @{
  /// The same of other numbers, a std::vector<double> or of int, say, each rounded to `real`; without a shape,
  /// of rank 1. Error also for a finite number that `real` cannot hold.
  template <std::ranges::contiguous_range Values>
  requires std::is_arithmetic_v<std::ranges::range_value_t<Values>>
  static Tensor from(const Values& values, const Shape& shape) {
    using Value = std::ranges::range_value_t<Values>;
    const std::span<const Value> all(std::ranges::data(values), std::ranges::size(values));
    if constexpr (std::is_same_v<Value, real>) {
      return from(all, shape);
    } else {
      return from_each(all.size(), shape, [&](std::size_t i) { return static_cast<double>(all[i]); });
    }
  }
  template <std::ranges::contiguous_range Values>
  requires std::is_arithmetic_v<std::ranges::range_value_t<Values>>
  static Tensor from(const Values& values) {
    return from(values, {static_cast<Index>(std::ranges::size(values))});
  }
  /// @}
  /// Of rank 0.
  static Tensor scalar(real value) { return full({}, value); }

  /// A tensor over elements that `owner` keeps alive: a piece of a flat buffer, say. Error for a null pointer
  /// unless the shape has no elements.
  static Tensor over(std::shared_ptr<void> owner, real* elements, const Shape& shape);

  bool defined() const { return impl_ != nullptr; }  ///< whether it holds anything; never an Error
  /// From here on the elements have no values: a pointer to them, and so to read them, is an Error that says
  /// whose they are, until `fill` or `copy_from` has set them. (One to write through could be read through, too.)
  void unset(std::string whose);
  bool has_values() const;     ///< false from `unset` until the elements are set
  const Shape& shape() const;  ///< outermost size first
  /// Of dimension `dim`; negative counts from the end. Error when there is no such dimension.
  Index size(int dim) const { return shape()[dim]; }
  int rank() const { return shape().rank(); }  ///< how many dimensions
  Index numel() const;                         ///< how many elements

  /// @{
  /// The first of `numel()` elements, row-major. Error for those that are unset.
  real* data();
  const real* data() const;
  /// @}
  /// @{
  /// All elements, row-major. Error for those that are unset.
  std::span<real> values();
  std::span<const real> values() const { return {data(), static_cast<std::size_t>(numel())}; }
  /// @}
  /// @{
  /// Element, row or plane `i` of the outermost dimension, or the run of them: a view of the same elements,
  /// differentiable as an op (ops/reshape has slices along other dimensions). Negative counts from the end;
  /// Error when there is no such dimension or index.
  Tensor operator[](Index i) const;
  Tensor operator[](IndexRange range) const;
  /// @}
  /// A copy of `values()`.
  std::vector<real> to_vector() const { return {values().begin(), values().end()}; }
  /// The one element of a tensor that has one; Error otherwise.
  real item() const;

  /// A new handle on the same elements without autograd history. Error when they are unset.
  Tensor detach() const;
  /// A new handle on the same elements, seen in another shape; no autograd (ops/reshape has it). Error when
  /// it is not one of as many elements, or they are unset.
  Tensor view(const Shape& shape) const;
  /// The same of the rows [begin, end) of the outermost dimension, which must be there.
  Tensor view_rows(Index begin, Index end) const;
  /// A copy of the elements, without autograd history. Error when they are unset.
  Tensor clone() const;
  /// Copies elements from a tensor of the same shape into this one's; Error naming both shapes otherwise, or
  /// when the other's are unset.
  void copy_from(const Tensor& other);
  void fill(real value);  ///< sets every element
  /// How often these elements were written over since they were made, as every handle on them sees it: by
  /// `fill`, by `copy_from`, or as `mark_written` told (`Tensor._version` of PyTorch). A backward pass that
  /// needs them as they were is an Error.
  std::uint32_t version() const;
  /// Tells that the elements were written over through a pointer, as an optimizer's step does. Writing through
  /// `data()` or `values()` does not tell by itself: most that is written so is new.
  void mark_written();
  /// Moves this tensor's elements into `elements` (owned by `owner`), where every handle then sees them.
  /// An optimizer gathers all parameters into one flat buffer this way. Error for a null pointer.
  void rebase(std::shared_ptr<void> owner, real* elements);

  // Autograd. `backward` and everything that records lives in autograd/.

  bool requires_grad() const;  ///< whether ops record how to differentiate by it
  /// Error for a tensor that an op computed: only a leaf may change it.
  Tensor& set_requires_grad(bool on);
  /// d loss / d this, of this tensor's shape, after `backward()` for a leaf that requires grad; gathered over
  /// passes until `zero_grad`; undefined when there is none.
  Tensor grad() const;
  /// Forgets the gradient but keeps its buffer for the next backward pass.
  void zero_grad();
  /// The gradient's buffer, of this tensor's shape; made if needed, with elements not yet written.
  Tensor& grad_buffer();
  void mark_grad();                             ///< declares that the buffer now holds the gradient
  const std::shared_ptr<OpNode>& node() const;  ///< the op that computed it; null for a leaf
  /// For autograd: this handle, newly made, as the output of `node`.
  void set_node(std::shared_ptr<OpNode> node);
  /// Runs the graph backward from this scalar (`Tensor.backward` of PyTorch), adding to the `grad()` of every
  /// leaf, and frees the graph unless it is to be retained. Error for more than one element, a tensor without
  /// a graph, or a graph already freed.
  void backward(bool retain_graph = false) const;
  /// Whether no other handle sees these elements.
  bool unique() const;
  /// How many copies of this handle there are, itself among them.
  long handles() const;
  /// As numpy prints an array, nested brackets with four decimals at most, the middle of long dimensions left
  /// out: "[[1, 2.5], [0, -1]]"; "(undefined)", "(no values yet)".
  std::string to_string() const;
  /// Whether both are copies of one handle (a `view` is another), or both undefined.
  bool same_as(const Tensor& other) const { return impl_ == other.impl_; }

 private:
  struct Impl;
  Impl& held() const {
    if (!impl_) [[unlikely]]
      throw_undefined();
    return *impl_;
  }
  [[noreturn]] static void throw_undefined();
  template <class At>
  static Tensor from_each(std::size_t count, const Shape& shape, const At& at) {
    Tensor tensor = start_from(count, shape);
    for (std::size_t i = 0; i < count; ++i) tensor.data()[i] = rounded(at(i), i);
    return tensor;
  }
  static Tensor start_from(std::size_t count, const Shape& shape);
  static real rounded(double value, std::size_t place);

  [[noreturn]] void refuse_read() const;
  Tensor seen_as(const Shape& shape, real* elements) const;
  std::shared_ptr<Impl> impl_;
};

/// @cond
struct Tensor::Impl {
  Shape shape;
  Index numel = 0;
  real* elements = nullptr;
  std::shared_ptr<void> owner;                    // keeps `elements` alive
  std::atomic<std::uint32_t>* version = nullptr;  // of the elements, for all that see them
  std::shared_ptr<void> version_owner;            // keeps `version` alive, where `owner` does not
  std::unique_ptr<const std::string> unset;       // while there are no values: whose they are
  bool requires_grad = false;
  bool has_grad = false;
  Tensor grad;
  std::shared_ptr<OpNode> node;

  void count_writes(std::uint32_t so_far);  // for elements that another keeps
};
/// @endcond

inline const Shape& Tensor::shape() const { return held().shape; }
inline Index Tensor::numel() const { return held().numel; }
inline bool Tensor::has_values() const { return !held().unset; }
inline real* Tensor::data() {
  if (held().unset) [[unlikely]]
    refuse_read();
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
inline std::uint32_t Tensor::version() const { return held().version->load(std::memory_order_relaxed); }
inline void Tensor::mark_written() { held().version->fetch_add(1, std::memory_order_relaxed); }
inline bool Tensor::requires_grad() const { return held().requires_grad; }
inline Tensor Tensor::grad() const { return held().has_grad ? impl_->grad : Tensor(); }
inline void Tensor::zero_grad() { held().has_grad = false; }
inline void Tensor::mark_grad() { held().has_grad = true; }
inline const std::shared_ptr<OpNode>& Tensor::node() const { return held().node; }
inline long Tensor::handles() const { return impl_.use_count(); }
inline bool Tensor::unique() const { return impl_.use_count() == 1 && impl_->owner.use_count() == 1; }

/// Writes `to_string()`.
std::ostream& operator<<(std::ostream& out, const Tensor& tensor);

/// Error unless `tensor` is defined; `op` and `what` go into the message ("linear: weight is undefined").
void require_defined(const char* op, const char* what, const Tensor& tensor);

}  // namespace fanin
