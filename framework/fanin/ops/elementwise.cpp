#include <fanin/autograd/node.hpp>
#include <fanin/core/named_values.hpp>
#include <fanin/kernels/pointwise/elementwise.hpp>
#include <fanin/ops/checks.hpp>
#include <fanin/ops/elementwise.hpp>

namespace fanin::ops {
namespace {

using kernels::Binary;
using kernels::Operand;

constexpr auto names = named_values<Binary>(
    "operation", {{Binary::add, "add"}, {Binary::sub, "sub"}, {Binary::mul, "mul"}, {Binary::div, "div"}});

template <Binary kind>
struct BinaryOp {
  static constexpr const char* name = names.name_of(kind);
  Shape shape, a_shape, b_shape;
  kernels::Broadcast loops;
  Tensor a, b, y;  // those that backward needs

  explicit BinaryOp(const Shape& result) : shape(result) {}
  auto saved() const { return std::array{a, b, y}; }

  Tensor forward(const Tensor& left, const Tensor& right) {
    loops = kernels::broadcast({left.shape().begin(), left.shape().end()},
                               {right.shape().begin(), right.shape().end()});
    Tensor result(shape);
    kernels::binary(kind, loops, left.data(), right.data(), result.data());
    if (kind == Binary::mul && right.requires_grad()) a = left;
    if ((kind == Binary::mul && left.requires_grad()) || kind == Binary::div) b = right;
    if (kind == Binary::div && right.requires_grad()) y = result;
    a_shape = left.shape(), b_shape = right.shape();
    return result;
  }

  void backward(const Tensor& g, Gradients& grads) {
    switch (kind) {
      case Binary::add:
        give(grads, 0, 1, g);
        give(grads, 1, 1, g);
        return;
      case Binary::sub:
        give(grads, 0, 1, g);
        give(grads, 1, -1, g);
        return;
      case Binary::mul:
        if (grads.wanted(0)) give(grads, 0, 1, times(g, b));
        if (grads.wanted(1)) give(grads, 1, 1, times(g, a));
        return;
      case Binary::div: {  // d(a/b) = da/b - (a/b)/b db
        Tensor over_b(shape);
        kernels::binary(Binary::div, against(b_shape), g.data(), b.data(), over_b.data());
        if (grads.wanted(1)) give(grads, 1, -1, times(over_b, y));
        give(grads, 0, 1, over_b);
        return;
      }
    }
  }

 private:
  kernels::Broadcast against(const Shape& other) const {
    return kernels::broadcast({shape.begin(), shape.end()}, {other.begin(), other.end()});
  }
  Tensor times(const Tensor& g, const Tensor& other) const {
    Tensor product(shape);
    kernels::binary(Binary::mul, against(other.shape()), g.data(), other.data(), product.data());
    return product;
  }
  /// Gives scale·g to input i, summed over what was broadcast.
  void give(Gradients& grads, int i, real scale, const Tensor& g) const {
    if (!grads.wanted(i)) return;
    if (scale == 1 && (i == 0 ? a_shape : b_shape) == shape) return grads.give(i, g);
    const auto to = grads.slot(i);
    kernels::sum_to(i == 0 ? Operand::a : Operand::b, loops, scale, g.data(), to.data, to.accumulate);
  }
};

template <Binary kind>
Tensor apply(const Tensor& a, const Tensor& b) {
  using Op = BinaryOp<kind>;
  require_defined(Op::name, "left operand", a);
  require_defined(Op::name, "right operand", b);
  return record(Op(broadcast(Op::name, a.shape(), b.shape())), a, b);
}

Tensor constant(double value) { return Tensor::scalar(static_cast<real>(value)); }

}  // namespace

Tensor add(const Tensor& a, const Tensor& b) { return apply<Binary::add>(a, b); }
Tensor sub(const Tensor& a, const Tensor& b) { return apply<Binary::sub>(a, b); }
Tensor mul(const Tensor& a, const Tensor& b) { return apply<Binary::mul>(a, b); }
Tensor div(const Tensor& a, const Tensor& b) { return apply<Binary::div>(a, b); }
Tensor add(const Tensor& a, double b) { return add(a, constant(b)); }
Tensor sub(const Tensor& a, double b) { return sub(a, constant(b)); }
Tensor mul(const Tensor& a, double b) { return mul(a, constant(b)); }
Tensor div(const Tensor& a, double b) { return div(a, constant(b)); }

}  // namespace fanin::ops

namespace fanin {

Tensor operator-(double a, const Tensor& b) { return ops::sub(ops::constant(a), b); }
Tensor operator/(double a, const Tensor& b) { return ops::div(ops::constant(a), b); }

}  // namespace fanin
