#include <fanin/autograd/node.hpp>
#include <fanin/kernels/reduce/softmax.hpp>
#include <fanin/ops/checks.hpp>
#include <fanin/ops/reshape.hpp>
#include <fanin/ops/softmax.hpp>

namespace fanin::ops {
namespace {

/// Both over the last dimension.
struct SoftmaxOp {
  static constexpr const char* name = "softmax";
  Index rows, cols;
  Tensor y;

  Tensor forward(const Tensor& x) {
    y = Tensor(x.shape());
    kernels::softmax_forward(rows, cols, x.data(), y.data());
    return y;
  }
  void backward(const Tensor& grad_output, Gradients& grads) {
    const auto gx = grads.slot(0);
    kernels::softmax_backward(rows, cols, y.data(), grad_output.data(), gx.data, gx.accumulate);
  }
};

struct LogSoftmaxOp {
  static constexpr const char* name = "log_softmax";
  Index rows, cols;
  Tensor y;

  Tensor forward(const Tensor& x) {
    y = Tensor(x.shape());
    kernels::log_softmax_forward(rows, cols, x.data(), y.data());
    return y;
  }
  void backward(const Tensor& grad_output, Gradients& grads) {
    const auto gx = grads.slot(0);
    kernels::log_softmax_backward(rows, cols, y.data(), grad_output.data(), gx.data, gx.accumulate);
  }
};

template <class Op>
Tensor along(const Tensor& x, int dim) {
  const int at = require_dim(Op::name, x, dim), last = x.rank() - 1;
  if (at != last) return transpose(along<Op>(transpose(x, at, last), last), at, last);
  return x.numel() == 0 ? x : record(Op{count(x.shape(), 0, last), x.size(last), {}}, x);
}

}  // namespace

Tensor softmax(const Tensor& x, int dim) { return along<SoftmaxOp>(x, dim); }
Tensor log_softmax(const Tensor& x, int dim) { return along<LogSoftmaxOp>(x, dim); }

}  // namespace fanin::ops
