#include <fanin/autograd/node.hpp>
#include <fanin/core/error.hpp>
#include <fanin/kernels/reduce/reduce.hpp>
#include <fanin/ops/checks.hpp>
#include <fanin/ops/reduce.hpp>

namespace fanin::ops {
namespace {

/// scale · sum along the middle of [outer, n, inner].
template <class Kind>
struct ReduceOp {
  static constexpr const char* name = Kind::name;
  Index outer, n, inner;
  Shape to;

  real scale() const { return Kind::divides ? 1 / static_cast<real>(n) : real(1); }

  Tensor forward(const Tensor& x) {
    Tensor y(to);
    kernels::sum_along(outer, n, inner, scale(), x.data(), y.data(), false);
    return y;
  }
  void backward(const Tensor& grad_output, Gradients& grads) {
    const auto gx = grads.slot(0);
    kernels::spread_along(outer, n, inner, scale(), grad_output.data(), gx.data, gx.accumulate);
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

template <class Kind>
Tensor over_all(const Tensor& x) {
  require_defined(Kind::name, "input", x);
  if (Kind::divides && x.numel() == 0) fail("mean: input {} has no elements", x.shape().to_string());
  return record(ReduceOp<Kind>{1, x.numel(), 1, {}}, x);
}

template <class Kind>
Tensor along(const Tensor& x, int dim, bool keepdim) {
  const int at = require_dim(Kind::name, x, dim);
  if (Kind::divides && x.size(at) == 0) {
    fail("mean: dimension {} of input {} has no elements", dim, x.shape().to_string());
  }
  Shape to;
  for (int i = 0; i < x.rank(); ++i) {
    if (i != at) to.append(x.size(i));
    if (i == at && keepdim) to.append(1);
  }
  return record(ReduceOp<Kind>{count(x.shape(), 0, at), x.size(at), count(x.shape(), at + 1, x.rank()), to},
                x);
}

}  // namespace

Tensor sum(const Tensor& x) { return over_all<Sum>(x); }
Tensor mean(const Tensor& x) { return over_all<Mean>(x); }
Tensor sum(const Tensor& x, int dim, bool keepdim) { return along<Sum>(x, dim, keepdim); }
Tensor mean(const Tensor& x, int dim, bool keepdim) { return along<Mean>(x, dim, keepdim); }

}  // namespace fanin::ops
