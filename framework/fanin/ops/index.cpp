// t[i] and t[{begin, end}]: rows of a tensor as a view, which passes their gradient back to their place.
#include <algorithm>

#include <fanin/autograd/node.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/kernels/pointwise/elementwise.hpp>

namespace fanin {
namespace {

struct RowsOp {
  static constexpr const char* name = "index";
  Index begin, end;
  Shape to;
  Index numel = 0, offset = 0;

  Tensor forward(const Tensor& x) {
    numel = x.numel();
    offset = x.size(0) == 0 ? 0 : begin * (numel / x.size(0));
    return x.view_rows(begin, end).view(to);
  }
  void backward(const Tensor& grad_output, Gradients& grads) {
    const auto gx = grads.slot(0);
    if (!gx.accumulate) std::fill_n(gx.data, numel, real(0));
    kernels::scaled(to.numel(), 1, grad_output.data(), gx.data + offset, true);
  }
};

}  // namespace

Tensor Tensor::operator[](Index i) const {
  if (rank() == 0) fail("a tensor of rank 0 has no dimension to index by {}; item() is its number", i);
  const Index size = shape()[0], at = i < 0 ? i + size : i;
  if (at < 0 || at >= size) fail("index {} is out of range for shape {}", i, shape().to_string());
  return record(RowsOp{at, at + 1, Shape::of(shape().begin() + 1, static_cast<std::size_t>(rank()) - 1)},
                *this);
}

Tensor Tensor::operator[](IndexRange range) const {
  if (rank() == 0) fail("a tensor of rank 0 has no dimension to take {}..{} of", range.begin, range.end);
  const Index size = shape()[0];
  const Index begin = range.begin < 0 ? range.begin + size : range.begin,
              end = range.end < 0 ? range.end + size : range.end;
  if (begin < 0 || begin > end || end > size)
    fail("{}..{} is no range of the first dimension of shape {}", range.begin, range.end,
         shape().to_string());
  Shape to = shape();
  to.set(0, end - begin);
  return record(RowsOp{begin, end, to}, *this);
}

}  // namespace fanin
