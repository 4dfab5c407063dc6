#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>

#include <fanin/core/fail.hpp>
#include <fanin/core/tensor.hpp>

namespace fanin {

namespace {

struct Buffer {
  explicit Buffer(std::size_t size) : bytes(size), block(pool_allocate(size)) {}
  ~Buffer() { pool_free(block, bytes); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  std::size_t bytes;
  void* block;
  std::atomic<std::uint32_t> version{0};
};

/// What a new handle holds, but for the version.
template <class Impl>
std::shared_ptr<Impl> handle_on(std::shared_ptr<void> owner, real* elements, const Shape& shape) {
  auto impl = make_pooled<Impl>();
  impl->shape = shape;
  impl->numel = shape.numel();
  impl->elements = elements;
  impl->owner = std::move(owner);
  return impl;
}

std::size_t bytes_of(Index numel) { return static_cast<std::size_t>(numel) * sizeof(real); }

}  // namespace

Tensor::Tensor(const Shape& shape) : impl_(make_pooled<Impl>()) {
  impl_->shape = shape;
  impl_->numel = shape.numel();
  try {
    auto buffer = make_pooled<Buffer>(bytes_of(impl_->numel));
    impl_->elements = static_cast<real*>(buffer->block);
    impl_->version = &buffer->version;
    impl_->owner = std::move(buffer);
  } catch (const std::bad_alloc&) {
    throw Error(fmt::format("there is not enough memory for a tensor of shape {}: {} bytes",
                            shape.to_string(), bytes_of(shape.numel())),
                Blame::memory);
  }
}

Tensor Tensor::full(const Shape& shape, real value) {
  Tensor tensor(shape);
  tensor.fill(value);
  return tensor;
}

Tensor Tensor::start_from(std::size_t count, const Shape& shape) {
  if (static_cast<Index>(count) != shape.numel())
    fail("a tensor of shape {} holds {} values: got {}", shape.to_string(), shape.numel(), count);
  return Tensor(shape);
}

real Tensor::rounded(double value, std::size_t place) {
  const auto kept = static_cast<real>(value);
  if (std::isinf(kept) && !std::isinf(value))
    fail("a tensor of {} bits a number cannot hold {} (place {})", 8 * sizeof(real), value, place);
  return kept;
}

Tensor Tensor::from(std::span<const real> values, const Shape& shape) {
  Tensor tensor = start_from(values.size(), shape);
  std::copy(values.begin(), values.end(), tensor.data());
  return tensor;
}

Tensor Tensor::from(std::initializer_list<real> values, const Shape& shape) {
  return from(std::span<const real>(values.begin(), values.size()), shape);
}

Tensor Tensor::over(std::shared_ptr<void> owner, real* elements, const Shape& shape) {
  if (elements == nullptr && shape.numel() > 0)
    fail("a tensor of shape {} over no memory: its elements are a null pointer", shape.to_string());
  Tensor tensor;
  tensor.impl_ = handle_on<Impl>(std::move(owner), elements, shape);
  tensor.impl_->count_writes(0);
  return tensor;
}

void Tensor::Impl::count_writes(std::uint32_t so_far) {
  auto own = make_pooled<std::atomic<std::uint32_t>>(so_far);
  version = own.get();
  version_owner = std::move(own);
}

Tensor Tensor::seen_as(const Shape& to, real* elements) const {
  if (held().unset) refuse_read();
  Tensor tensor;
  tensor.impl_ = handle_on<Impl>(impl_->owner, elements, to);
  tensor.impl_->version = impl_->version;
  tensor.impl_->version_owner = impl_->version_owner;
  return tensor;
}

void Tensor::unset(std::string whose) {
  held().unset = std::make_unique<const std::string>(std::move(whose));
}

void Tensor::refuse_read() const {
  fail(
      "{} of shape {} has no values yet: it must be drawn (initialize), loaded (load_state_dict) or set (fill, copy_from) first",
      *impl_->unset, shape().to_string());
}

real Tensor::item() const {
  if (numel() != 1) fail("item: a tensor of shape {} has {} elements, not one", shape().to_string(), numel());
  return *data();
}

Tensor Tensor::detach() const { return view(shape()); }

Tensor Tensor::view(const Shape& shape) const {
  if (shape.numel() != numel()) {
    fail("view: shape {} has {} elements, the tensor of shape {} has {}", shape.to_string(), shape.numel(),
         impl_->shape.to_string(), numel());
  }
  return seen_as(shape, impl_->elements);
}

Tensor Tensor::view_rows(Index begin, Index end) const {
  Shape to = shape();
  if (to.rank() == 0 || begin < 0 || begin > end || end > to[0])
    fail("view_rows: {}..{} are no rows of a tensor of shape {}", begin, end, to.to_string());
  const Index row = to[0] == 0 ? 0 : numel() / to[0];
  to.set(0, end - begin);
  return seen_as(to, impl_->elements + begin * row);
}

Tensor Tensor::clone() const {
  Tensor copy(shape());
  copy.copy_from(*this);
  return copy;
}

void Tensor::copy_from(const Tensor& other) {
  if (shape() != other.shape()) {
    fail("copy: shape {} into shape {}", other.shape().to_string(), shape().to_string());
  }
  const real* from = other.data();
  if (numel() > 0 && impl_->elements != from) std::memcpy(impl_->elements, from, bytes_of(numel()));
  impl_->unset.reset();
  mark_written();
}

void Tensor::fill(real value) {
  std::fill_n(held().elements, numel(), value);
  impl_->unset.reset();
  mark_written();
}

void Tensor::rebase(std::shared_ptr<void> owner, real* elements) {
  if (elements == nullptr && numel() > 0)
    fail("rebase: a tensor of shape {} cannot move to a null pointer", shape().to_string());
  if (numel() > 0 && has_values()) std::memcpy(elements, data(), bytes_of(numel()));
  const std::uint32_t so_far = version();
  impl_->elements = elements;
  impl_->owner = std::move(owner);
  impl_->count_writes(so_far);
}

Tensor& Tensor::set_requires_grad(bool on) {
  if (held().node)
    fail("set_requires_grad: only a leaf may change it; this tensor of shape {} was computed",
         shape().to_string());
  impl_->requires_grad = on;
  return *this;
}

Tensor& Tensor::grad_buffer() {
  if (!held().grad.defined()) impl_->grad = Tensor(shape());
  return impl_->grad;
}

void Tensor::set_node(std::shared_ptr<OpNode> node) {
  held().requires_grad = true;
  impl_->node = std::move(node);
}

void Tensor::throw_undefined() {
  fail(
      "this tensor is undefined: it was default-made or moved from, or is a gradient that no backward pass has filled; "
      "ask defined() before anything else");
}

void require_defined(const char* op, const char* what, const Tensor& tensor) {
  if (!tensor.defined()) fail("{}: {} is undefined", op, what);
}

}  // namespace fanin
