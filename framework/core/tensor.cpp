#include "framework/core/tensor.hpp"

#include <algorithm>
#include <cstring>
#include <new>

#include "framework/core/error.hpp"

namespace fanin {
namespace {

struct Buffer {
  explicit Buffer(std::size_t size) : bytes(size), block(pool_allocate(size)) {}
  ~Buffer() { pool_free(block, bytes); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  std::size_t bytes;
  void* block;
};

std::size_t bytes_of(Index numel) { return static_cast<std::size_t>(numel) * sizeof(real); }

}  // namespace

Tensor::Tensor(const Shape& shape) : impl_(make_pooled<Impl>()) {
  impl_->shape = shape;
  impl_->numel = shape.numel();
  try {
    auto buffer = make_pooled<Buffer>(bytes_of(impl_->numel));
    impl_->elements = static_cast<real*>(buffer->block);
    impl_->owner = std::move(buffer);
  } catch (const std::bad_alloc&) {
    fail("there is not enough memory for a tensor of shape {}: {} bytes", shape.to_string(),
         bytes_of(shape.numel()));
  }
}

Tensor Tensor::full(const Shape& shape, real value) {
  Tensor tensor(shape);
  tensor.fill(value);
  return tensor;
}

Tensor Tensor::from(std::span<const real> values, const Shape& shape) {
  if (static_cast<Index>(values.size()) != shape.numel()) {
    fail("a tensor of shape {} holds {} values: got {}", shape.to_string(), shape.numel(), values.size());
  }
  Tensor tensor(shape);
  std::copy(values.begin(), values.end(), tensor.data());
  return tensor;
}

Tensor Tensor::from(std::initializer_list<real> values, const Shape& shape) {
  return from(std::span<const real>(values.begin(), values.size()), shape);
}

Tensor Tensor::over(std::shared_ptr<void> owner, real* elements, const Shape& shape) {
  Tensor tensor;
  tensor.impl_ = make_pooled<Impl>();
  tensor.impl_->shape = shape;
  tensor.impl_->numel = shape.numel();
  tensor.impl_->elements = elements;
  tensor.impl_->owner = std::move(owner);
  return tensor;
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
  return over(impl_->owner, impl_->elements, shape);
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
  if (numel() > 0 && data() != other.data()) std::memcpy(data(), other.data(), bytes_of(numel()));
}

void Tensor::fill(real value) { std::fill_n(data(), numel(), value); }

void Tensor::rebase(std::shared_ptr<void> owner, real* elements) {
  if (numel() > 0) std::memcpy(elements, data(), bytes_of(numel()));
  impl_->elements = elements;
  impl_->owner = std::move(owner);
}

Tensor& Tensor::set_requires_grad(bool on) {
  if (impl_->node)
    fail("set_requires_grad: only a leaf may change it; this tensor of shape {} was computed",
         shape().to_string());
  impl_->requires_grad = on;
  return *this;
}

Tensor& Tensor::grad_buffer() {
  if (!impl_->grad.defined()) impl_->grad = Tensor(shape());
  return impl_->grad;
}

void Tensor::set_node(std::shared_ptr<Node> node) {
  impl_->requires_grad = true;
  impl_->node = std::move(node);
}

void require_defined(const char* op, const char* what, const Tensor& tensor) {
  if (!tensor.defined()) fail("{}: {} is undefined", op, what);
}

}  // namespace fanin
