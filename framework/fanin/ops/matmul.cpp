#include <algorithm>
#include <array>

#include <fanin/autograd/node.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/kernels/gemm/gemm.hpp>
#include <fanin/ops/checks.hpp>
#include <fanin/ops/matmul.hpp>
#include <fanin/ops/reshape.hpp>

namespace fanin::ops {
namespace {

/// Where the matrices of one side lie, for each place in the batch: those that are broadcast lie at several.
struct Matrices {
  std::array<Index, Shape::max_rank> steps{};  // in elements, by dimension of the batch
  bool repeated = false;

  /// Of matrices of `size` elements; `own` are the sizes in front of them.
  static Matrices of(const Shape& own, const Shape& batch, Index size) {
    Matrices result;
    Index step = size;
    for (int d = batch.rank() - 1, i = own.rank() - 1; d >= 0; --d, --i) {
      const Index own_size = i < 0 ? 1 : own[i];
      if (own_size != 1) result.steps[static_cast<std::size_t>(d)] = step;
      result.repeated = result.repeated || own_size != batch[d];
      step *= own_size;
    }
    return result;
  }
  /// Of the matrix at place `i` of the batch, row-major.
  Index at(Index i, const Shape& batch) const {
    Index place = 0;
    for (int d = batch.rank() - 1; d >= 0; --d) {
      place += i % batch[d] * steps[static_cast<std::size_t>(d)];
      i /= batch[d];
    }
    return place;
  }
};

/// C_i = A_i · B_i for each place of a batch.
struct MatmulOp {
  static constexpr const char* name = "matmul";
  Shape to, batch;
  Index m, n, k;
  Matrices of_a, of_b;
  Tensor a, b;

  auto saved() const { return std::array{needed(a, b), needed(b, a)}; }

  Tensor forward(const Tensor& left, const Tensor& right) {
    a = left, b = right;
    Tensor c(to);
    each([&](Index at_a, Index at_b, Index at_c) {
      kernels::gemm(false, false, m, n, k, a.data() + at_a, k, b.data() + at_b, n, c.data() + at_c, n, false);
    });
    return c;
  }

  void backward(const Tensor& grad_output, Gradients& grads) {  // dA = dC · Bᵀ, dB = Aᵀ · dC
    const real* g = grad_output.data();
    if (grads.wanted(0)) {
      const auto ga = room(grads, 0, of_a, a);
      each([&](Index at_a, Index at_b, Index at_c) {
        kernels::gemm(false, true, m, k, n, g + at_c, n, b.data() + at_b, n, ga.data + at_a, k,
                      ga.accumulate);
      });
    }
    if (grads.wanted(1)) {
      const auto gb = room(grads, 1, of_b, b);
      each([&](Index at_a, Index at_b, Index at_c) {
        kernels::gemm(true, false, k, n, m, a.data() + at_a, k, g + at_c, n, gb.data + at_b, n,
                      gb.accumulate);
      });
    }
  }

 private:
  /// Calls visit(place in A, in B, in C) for each matrix of the batch.
  void each(const auto& visit) const {
    const Index count = batch.numel();
    for (Index i = 0; i < count; ++i) visit(of_a.at(i, batch), of_b.at(i, batch), i * m * n);
  }
  /// For the gradient of an input, a sum over the places where its matrices stand.
  static Gradients::Slot room(Gradients& grads, int i, const Matrices& matrices, const Tensor& x) {
    auto slot = grads.slot(i);
    if (!matrices.repeated) return slot;
    if (!slot.accumulate) std::fill_n(slot.data, x.numel(), real{0});
    return {slot.data, true};
  }
};

/// The sizes in front of the matrices.
Shape batch_of(const Shape& shape) {
  return Shape::of(shape.begin(), static_cast<std::size_t>(shape.rank() - 2));
}

/// `shape` without its dimension `dim`, which counts from the end.
Shape without(const Shape& shape, int dim) {
  Shape result;
  for (int d = 0; d < shape.rank(); ++d)
    if (d != shape.rank() + dim) result.append(shape[d]);
  return result;
}

[[noreturn]] void refuse(const Tensor& a, const Tensor& b) {
  fail(
      "matmul: shapes {} and {} do not fit: [m, k] with [k, n], the same with sizes in front that broadcast, or a "
      "vector [k] on either side",
      a.shape().to_string(), b.shape().to_string());
}

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b) {
  require_defined("matmul", "left operand", a);
  require_defined("matmul", "right operand", b);
  if (a.rank() == 0 || b.rank() == 0 || a.size(-1) != b.size(b.rank() == 1 ? 0 : -2)) refuse(a, b);
  if (a.rank() == 1) {
    const Tensor y = matmul(reshape(a, {1, a.size(0)}), b);
    return reshape(y, without(y.shape(), b.rank() == 1 ? -1 : -2));
  }
  if (b.rank() == 1) {
    const Tensor y = matmul(a, reshape(b, {b.size(0), 1}));
    return reshape(y, without(y.shape(), -1));
  }
  const Index n = b.size(-1), k = a.size(-1);
  if (b.rank() == 2) {  // one right-hand matrix for all: the left ones are one of many rows
    Shape to = a.shape();
    to.set(-1, n);
    return record(MatmulOp{to, {}, count(a.shape(), 0, a.rank() - 1), n, k, {}, {}, {}, {}}, a, b);
  }
  const Shape in_a = batch_of(a.shape()), in_b = batch_of(b.shape());
  const auto batch = broadcast(in_a, in_b);
  if (!batch) refuse(a, b);
  Shape to = *batch;
  to.append(a.size(-2));
  to.append(n);
  return record(MatmulOp{to,
                         *batch,
                         a.size(-2),
                         n,
                         k,
                         Matrices::of(in_a, *batch, a.size(-2) * k),
                         Matrices::of(in_b, *batch, k * n),
                         {},
                         {}},
                a, b);
}

}  // namespace fanin::ops
