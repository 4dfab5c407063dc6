#include <fanin/autograd/node.hpp>
#include <fanin/kernels/reduce/softmax.hpp>
#include <fanin/ops/checks.hpp>
#include <fanin/ops/reshape.hpp>
#include <fanin/ops/softmax.hpp>

namespace fanin::ops {
namespace {

struct Softmax {
  static constexpr const char* name = "softmax";
  static constexpr auto forward = kernels::softmax_forward;
  static constexpr auto backward = kernels::softmax_backward;
};
struct LogSoftmax {
  static constexpr const char* name = "log_softmax";
  static constexpr auto forward = kernels::log_softmax_forward;
  static constexpr auto backward = kernels::log_softmax_backward;
};

/// Either, over the last dimension.
template <class Kind>
struct SoftmaxOp {
  static constexpr const char* name = Kind::name;
  Index rows, cols;
  Tensor y;

  auto saved() const { return std::array{y}; }

  Tensor forward(const Tensor& x) {
    y = Tensor(x.shape());
    Kind::forward(rows, cols, x.data(), y.data());
    return y;
  }
  void backward(const Tensor& grad_output, Gradients& grads) {
    const auto gx = grads.slot(0);
    Kind::backward(rows, cols, y.data(), grad_output.data(), gx.data, gx.accumulate);
  }
};

template <class Op>
Tensor along(const Tensor& x, int dim) {
  if (x.defined() && x.rank() == 0) return reshape(along<Op>(reshape(x, {1}), dim), {});
  const int at = require_dim(Op::name, x, dim), last = x.rank() - 1;
  if (at != last) return transpose(along<Op>(transpose(x, at, last), last), at, last);
  return x.numel() == 0 ? x : record(Op{count(x.shape(), 0, last), x.size(last), {}}, x);
}

}  // namespace

Tensor softmax(const Tensor& x, int dim) { return along<SoftmaxOp<Softmax>>(x, dim); }
Tensor log_softmax(const Tensor& x, int dim) { return along<SoftmaxOp<LogSoftmax>>(x, dim); }

}  // namespace fanin::ops
