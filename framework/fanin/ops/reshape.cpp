#include <array>

#include <fanin/autograd/node.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/kernels/pointwise/layout.hpp>
#include <fanin/ops/checks.hpp>
#include <fanin/ops/reshape.hpp>

namespace fanin::ops {
namespace {

struct ReshapeOp {
  static constexpr const char* name = "reshape";
  Shape to, from;

  Tensor forward(const Tensor& x) {
    from = x.shape();
    return x.view(to);
  }
  void backward(const Tensor& grad_output, Gradients& grads) { grads.give(0, grad_output.view(from)); }
};

struct TransposeOp {
  static constexpr const char* name = "transpose";
  kernels::Exchange forth;
  Shape to;

  Tensor forward(const Tensor& x) {
    Tensor y(to);
    kernels::exchange(forth, x.data(), y.data(), false);
    return y;
  }
  void backward(const Tensor& grad_output, Gradients& grads) {
    kernels::Exchange back = forth;
    std::swap(back.a, back.b);
    const auto gx = grads.slot(0);
    kernels::exchange(back, grad_output.data(), gx.data, gx.accumulate);
  }
};

/// Dimensions in another order: y walks row-major, x in steps of its own.
struct PermuteOp {
  static constexpr const char* name = "permute";
  Shape to;
  std::array<Index, Shape::max_rank> strides{};  // in x, by dimension of y

  /// Calls visit(place in y, place in x) for every element.
  void each(const auto& visit) const {
    std::array<Index, Shape::max_rank> at{};
    const Index n = to.numel();
    Index x = 0;
    for (Index y = 0; y < n; ++y) {
      visit(y, x);
      for (int d = to.rank() - 1; d >= 0; --d) {
        const auto i = static_cast<std::size_t>(d);
        x += strides[i];
        if (++at[i] < to[d]) break;
        x -= strides[i] * to[d];
        at[i] = 0;
      }
    }
  }
  Tensor forward(const Tensor& x) {
    Tensor y(to);
    const real* from = x.data();
    real* into = y.data();
    each([&](Index iy, Index ix) { into[iy] = from[ix]; });
    return y;
  }
  void backward(const Tensor& grad_output, Gradients& grads) {
    const auto gx = grads.slot(0);
    const real* g = grad_output.data();
    each([&](Index iy, Index ix) { gx.data[ix] = gx.accumulate ? gx.data[ix] + g[iy] : g[iy]; });
  }
};

/// A run of one dimension of a tensor: rows of `width` elements, `step` apart, from `offset` on.
struct Run {
  Index rows, width, step, offset;
};
Run run_of(const Shape& shape, int dim, Index begin, Index size) {
  const Index inner = count(shape, dim + 1, shape.rank());
  return {count(shape, 0, dim), size * inner, shape[dim] * inner, begin * inner};
}

struct ConcatOp {
  static constexpr const char* name = "concat";
  int dim;
  Shape to;
  std::array<Index, OpNode::max_inputs> sizes{};

  template <class... Parts>
  Tensor forward(const Parts&... parts) {
    Tensor y(to);
    Index begin = 0;
    std::size_t i = 0;
    const auto put = [&](const Tensor& part) {
      if (!part.defined()) return;
      sizes[i] = part.size(dim);
      const Run run = run_of(to, dim, begin, sizes[i]);
      kernels::copy_rows(run.rows, run.width, part.data(), run.width, y.data() + run.offset, run.step, false);
      begin += sizes[i++];
    };
    (put(parts), ...);
    return y;
  }

  void backward(const Tensor& grad_output, Gradients& grads) {
    Index begin = 0;
    for (int i = 0; i < OpNode::max_inputs; ++i) {
      const Index size = sizes[static_cast<std::size_t>(i)];
      if (grads.wanted(i)) {
        const Run run = run_of(to, dim, begin, size);
        const auto g = grads.slot(i);
        kernels::copy_rows(run.rows, run.width, grad_output.data() + run.offset, run.step, g.data, run.width,
                           g.accumulate);
      }
      begin += size;
    }
  }
};

struct SliceOp {
  static constexpr const char* name = "slice";
  Run run;
  Shape to;
  Index numel = 0;

  Tensor forward(const Tensor& x) {
    numel = x.numel();
    Tensor y(to);
    kernels::copy_rows(run.rows, run.width, x.data() + run.offset, run.step, y.data(), run.width, false);
    return y;
  }
  void backward(const Tensor& grad_output, Gradients& grads) {
    const auto gx = grads.slot(0);
    if (!gx.accumulate) std::fill_n(gx.data, numel, real(0));
    kernels::copy_rows(run.rows, run.width, grad_output.data(), run.width, gx.data + run.offset, run.step,
                       true);
  }
};

}  // namespace

Tensor reshape(const Tensor& x, const Shape& shape) {
  require_defined("reshape", "input", x);
  if (shape.numel() != x.numel()) {
    fail("reshape: input {} has {} elements, shape {} has {}", x.shape().to_string(), x.numel(),
         shape.to_string(), shape.numel());
  }
  return record(ReshapeOp{shape, {}}, x);
}

Tensor reshape(const Tensor& x, std::initializer_list<Index> sizes) {
  require_defined("reshape", "input", x);
  Shape shape;
  int open = -1;  // where the -1 stands
  for (Index size : sizes) {
    if (size == -1) {
      if (open >= 0)
        fail("reshape: sizes [{}] leave two open: at most one may be -1", fmt::join(sizes, ", "));
      open = shape.rank(), size = 1;
    }
    shape.append(size);
  }
  if (open >= 0) {
    const Index others = shape.numel();
    if (others == 0 || x.numel() % others != 0)
      fail("reshape: input {} has {} elements, which are no whole number of those of sizes [{}]",
           x.shape().to_string(), x.numel(), fmt::join(sizes, ", "));
    shape.set(open, x.numel() / others);
  }
  return reshape(x, shape);
}

Tensor flatten(const Tensor& x, int start_dim) {
  const int start = require_dim("flatten", x, start_dim);
  Shape shape;
  for (int i = 0; i < start; ++i) shape.append(x.size(i));
  shape.append(count(x.shape(), start, x.rank()));
  return reshape(x, shape);
}

Tensor transpose(const Tensor& x, int dim0, int dim1) {
  int first = require_dim("transpose", x, dim0), second = require_dim("transpose", x, dim1);
  if (first > second) std::swap(first, second);
  if (first == second) return x;
  const Shape& from = x.shape();
  Shape to = from;
  to.set(first, from[second]);
  to.set(second, from[first]);
  const kernels::Exchange exchange{count(from, 0, first), from[first], count(from, first + 1, second),
                                   from[second], count(from, second + 1, from.rank())};
  return record(TransposeOp{exchange, to}, x);
}

Tensor concat(std::span<const Tensor> parts, int dim) {
  if (parts.empty()) fail("concat: no tensors; at least one is needed");
  if (parts.size() > OpNode::max_inputs) {  // what one op may join, and these in turn
    PoolVector<Tensor> joined;
    for (std::size_t i = 0; i < parts.size(); i += OpNode::max_inputs)
      joined.push_back(
          concat(parts.subspan(i, std::min<std::size_t>(OpNode::max_inputs, parts.size() - i)), dim));
    return concat(std::span<const Tensor>(joined), dim);
  }
  const int at = require_dim("concat", parts[0], dim);
  Shape to = parts[0].shape();
  for (std::size_t i = 1; i < parts.size(); ++i) {
    require_defined("concat", "a part", parts[i]);
    Shape expected = parts[i].shape();
    if (expected.rank() == to.rank()) expected.set(at, to[at]);
    if (expected != to) {
      fail("concat: shape {} does not fit shape {}: all sizes but that of dimension {} must agree",
           parts[i].shape().to_string(), parts[0].shape().to_string(), at);
    }
    to.set(at, to[at] + parts[i].size(at));
  }
  const auto part = [&](std::size_t i) { return i < parts.size() ? parts[i] : Tensor(); };
  return record(ConcatOp{at, to}, part(0), part(1), part(2), part(3), part(4), part(5), part(6), part(7));
}

Tensor concat(std::initializer_list<Tensor> parts, int dim) {
  return concat(std::span<const Tensor>(parts.begin(), parts.size()), dim);
}

Tensor permute(const Tensor& x, std::span<const int> dims) {
  require_defined("permute", "input", x);
  PermuteOp op;
  std::array<bool, Shape::max_rank> named{};
  const auto refuse = [&] {
    std::string text;
    for (const int dim : dims) text += fmt::format("{}{}", text.empty() ? "" : ", ", dim);
    fail("permute: ({}) does not name every dimension of shape {} once", text, x.shape().to_string());
  };
  if (static_cast<int>(dims.size()) != x.rank()) refuse();
  std::array<Index, Shape::max_rank> strides{};
  Index stride = 1;
  for (int d = x.rank() - 1; d >= 0; --d) {
    strides[static_cast<std::size_t>(d)] = stride;
    stride *= x.size(d);
  }
  for (std::size_t i = 0; i < dims.size(); ++i) {
    const int dim = dims[i] < 0 ? dims[i] + x.rank() : dims[i];
    if (dim < 0 || dim >= x.rank() || named[static_cast<std::size_t>(dim)]) refuse();
    named[static_cast<std::size_t>(dim)] = true;
    op.to.append(x.size(dim));
    op.strides[i] = strides[static_cast<std::size_t>(dim)];
  }
  return record(op, x);
}

Tensor permute(const Tensor& x, std::initializer_list<int> dims) {
  return permute(x, std::span<const int>(dims.begin(), dims.size()));
}

Tensor stack(std::span<const Tensor> parts, int dim) {
  if (parts.empty()) fail("stack: no tensors; at least one is needed");
  PoolVector<Tensor> raised;
  for (const Tensor& part : parts) {
    require_defined("stack", "a part", part);
    const Shape& shape = part.shape();
    if (shape != parts[0].shape())
      fail("stack: shapes {} and {} differ; all must be one", parts[0].shape().to_string(),
           shape.to_string());
    const int at = dim < 0 ? dim + shape.rank() + 1 : dim;
    if (at < 0 || at > shape.rank())
      fail("stack: there is no place {} for a new dimension in shape {}", dim, shape.to_string());
    Shape to;
    for (int d = 0; d < shape.rank(); ++d) {
      if (d == at) to.append(1);
      to.append(shape[d]);
    }
    if (at == shape.rank()) to.append(1);
    raised.push_back(reshape(part, to));
  }
  return concat(std::span<const Tensor>(raised), dim);
}

Tensor stack(std::initializer_list<Tensor> parts, int dim) {
  return stack(std::span<const Tensor>(parts.begin(), parts.size()), dim);
}

Tensor slice(const Tensor& x, int dim, Index begin, Index end) {
  const int at = require_dim("slice", x, dim);
  if (begin < 0 || begin > end || end > x.size(at)) {
    fail("slice: {}..{} is not a range of dimension {} of shape {}", begin, end, dim, x.shape().to_string());
  }
  Shape to = x.shape();
  to.set(at, end - begin);
  return record(SliceOp{run_of(x.shape(), at, begin, end - begin), to}, x);
}

}  // namespace fanin::ops
