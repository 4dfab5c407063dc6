#include <fanin/core/fail.hpp>
#include <fanin/ops/checks.hpp>

namespace fanin::ops {

void require_rank(const char* op, const char* what, const Tensor& x, int rank, const char* layout) {
  require_defined(op, what, x);
  if (x.rank() != rank) fail("{}: {} must be {}, its shape is {}", op, what, layout, x.shape().to_string());
}

void require_vector(const char* op, const char* what, const Tensor& x, Index size, const Shape& against) {
  if (!x.defined() || (x.rank() == 1 && x.size(0) == size)) return;
  fail("{}: {} {} does not fit {}: its shape must be [{}]", op, what, x.shape().to_string(),
       against.to_string(), size);
}

int require_dim(const char* op, const Tensor& x, int dim) {
  require_defined(op, "input", x);
  const int at = dim < 0 ? dim + x.rank() : dim;
  if (at < 0 || at >= x.rank()) {
    fail("{}: dimension {} is out of range for shape {}", op, dim, x.shape().to_string());
  }
  return at;
}

Index count(const Shape& shape, int begin, int end) {
  Index product = 1;
  for (int i = begin; i < end; ++i) product *= shape[i];
  return product;
}

Reduction reduction(const char* op, const Tensor& x, int dim, bool keepdim, bool needed) {
  // A scalar is its own only element along a dimension, as in PyTorch.
  if (x.defined() && x.rank() == 0 && (dim == 0 || dim == -1)) return {1, 1, 1, {}};
  const int at = require_dim(op, x, dim);
  if (needed && x.size(at) == 0)
    fail("{}: dimension {} of input {} has no elements", op, dim, x.shape().to_string());
  Shape to;
  for (int i = 0; i < x.rank(); ++i) {
    if (i != at) to.append(x.size(i));
    if (i == at && keepdim) to.append(1);
  }
  return {count(x.shape(), 0, at), x.size(at), count(x.shape(), at + 1, x.rank()), to};
}

Reduction reduction(const char* op, const Tensor& x, bool needed) {
  require_defined(op, "input", x);
  if (needed && x.numel() == 0) fail("{}: input {} has no elements", op, x.shape().to_string());
  return {1, x.numel(), 1, {}};
}

}  // namespace fanin::ops
