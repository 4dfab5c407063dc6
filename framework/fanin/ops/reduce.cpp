#include <fanin/autograd/node.hpp>
#include <fanin/kernels/reduce/reduce.hpp>
#include <fanin/ops/checks.hpp>
#include <fanin/ops/reduce.hpp>

namespace fanin::ops {
namespace {

/// scale · sum along the middle.
template <class Kind>
struct ReduceOp {
  static constexpr const char* name = Kind::name;
  Reduction by;

  Reduction facts() const { return by; }
  real scale() const { return Kind::divides ? 1 / static_cast<real>(by.n) : real(1); }

  Tensor forward(const Tensor& x) {
    Tensor y(by.to);
    kernels::sum_along(by.outer, by.n, by.inner, scale(), x.data(), y.data(), false);
    return y;
  }
  void backward(const Tensor& grad_output, Gradients& grads) {
    const auto gx = grads.slot(0);
    kernels::spread_along(by.outer, by.n, by.inner, scale(), grad_output.data(), gx.data, gx.accumulate);
  }
};
struct Sum {
  static constexpr const char* name = "sum";
  static constexpr bool divides = false;
};
struct Mean {
  static constexpr const char* name = "mean";
  static constexpr bool divides = true;
};

template <class Kind, class... By>
Tensor reduce(const Tensor& x, By... by) {
  return record(ReduceOp<Kind>{reduction(Kind::name, x, by..., Kind::divides)}, x);
}

}  // namespace

Tensor sum(const Tensor& x) { return reduce<Sum>(x); }
Tensor mean(const Tensor& x) { return reduce<Mean>(x); }
Tensor sum(const Tensor& x, int dim, bool keepdim) { return reduce<Sum>(x, dim, keepdim); }
Tensor mean(const Tensor& x, int dim, bool keepdim) { return reduce<Mean>(x, dim, keepdim); }

}  // namespace fanin::ops
