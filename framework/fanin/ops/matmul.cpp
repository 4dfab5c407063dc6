#include <algorithm>

#include <fanin/autograd/node.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/kernels/gemm/gemm.hpp>
#include <fanin/ops/checks.hpp>
#include <fanin/ops/matmul.hpp>

namespace fanin::ops {
namespace {

/// C_i = A_i · B_i for each of `batch` matrices, dense one behind the other.
struct MatmulOp {
  static constexpr const char* name = "matmul";
  Index batch, m, n, k;
  Shape to;
  Tensor a, b;

  Tensor forward(const Tensor& left, const Tensor& right) {
    a = left, b = right;
    Tensor c(to);
    for (Index i = 0; i < batch; ++i) {
      kernels::gemm(false, false, m, n, k, a.data() + i * m * k, k, b.data() + i * k * n, n,
                    c.data() + i * m * n, n, false);
    }
    return c;
  }

  void backward(const Tensor& grad_output, Gradients& grads) {  // dA = dC · Bᵀ, dB = Aᵀ · dC
    const real* g = grad_output.data();
    if (grads.wanted(0)) {
      const auto ga = grads.slot(0);
      for (Index i = 0; i < batch; ++i) {
        kernels::gemm(false, true, m, k, n, g + i * m * n, n, b.data() + i * k * n, n, ga.data + i * m * k, k,
                      ga.accumulate);
      }
    }
    if (grads.wanted(1)) {
      const auto gb = grads.slot(1);
      for (Index i = 0; i < batch; ++i) {
        kernels::gemm(true, false, k, n, m, a.data() + i * m * k, k, g + i * m * n, n, gb.data + i * k * n, n,
                      gb.accumulate);
      }
    }
  }
};

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b) {
  require_defined("matmul", "left operand", a);
  require_defined("matmul", "right operand", b);
  const bool both_batched = a.rank() > 2 && a.rank() == b.rank() &&
                            std::equal(a.shape().begin(), a.shape().end() - 2, b.shape().begin());
  const bool fits = (a.rank() >= 2 && b.rank() == 2) || both_batched;
  if (!fits || a.size(-1) != b.size(-2)) {
    fail("matmul: shapes {} and {} do not fit: [m, k] with [k, n], […, m, k] with […, k, n] or with [k, n]",
         a.shape().to_string(), b.shape().to_string());
  }
  Shape to = a.shape();
  to.set(-1, b.size(-1));
  const Index batch = both_batched ? count(a.shape(), 0, a.rank() - 2) : 1;
  const Index m = both_batched ? a.size(-2) : count(a.shape(), 0, a.rank() - 1);
  return record(MatmulOp{batch, m, b.size(-1), a.size(-1), to, {}, {}}, a, b);
}

}  // namespace fanin::ops
