#include <fanin/autograd/node.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/kernels/pointwise/elementwise.hpp>
#include <fanin/ops/checks.hpp>
#include <fanin/ops/dropout.hpp>

namespace fanin::ops {
namespace {

struct DropoutOp {
  static constexpr const char* name = "dropout";
  Tensor mask;  // 0 or 1/(1-p)

  Tensor forward(const Tensor& x) { return masked(x); }
  void backward(const Tensor& grad_output, Gradients& grads) { grads.give(0, masked(grad_output)); }

  Tensor masked(const Tensor& x) const {
    Tensor y(x.shape());
    const Index n = x.numel();
    kernels::binary(kernels::Binary::mul, kernels::broadcast({&n, 1}, {&n, 1}), x.data(), mask.data(),
                    y.data());
    return y;
  }
};

}  // namespace

Tensor dropout(const Tensor& x, double p, bool training, Generator& generator) {
  require_defined("dropout", "input", x);
  if (!(p >= 0 && p <= 1)) fail("dropout: p {} must be in [0, 1]", p);
  if (!training || p == 0) return x;
  Tensor mask(x.shape());
  // All dropped at p = 1: the scale then multiplies nothing, but must be finite.
  generator.bernoulli(mask.values(), 1 - p, static_cast<real>(p < 1 ? 1 / (1 - p) : 0));
  return record(DropoutOp{std::move(mask)}, x);
}

}  // namespace fanin::ops
