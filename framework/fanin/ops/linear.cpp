#include <fanin/autograd/node.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/kernels/gemm/linear.hpp>
#include <fanin/kernels/gemm/linear_step.hpp>
#include <fanin/ops/checks.hpp>
#include <fanin/ops/fused_activation.hpp>
#include <fanin/ops/linear.hpp>

namespace fanin::ops {
namespace {

struct LinearOp {
  static constexpr const char* name = "linear";
  FusedActivation activation;
  Tensor x, weight;
  Index batch = 0, in = 0, out = 0;

  auto saved() const { return std::array{needed(x, weight), needed(weight, x), activation.kept()}; }

  Tensor forward(const Tensor& input, const Tensor& w, const Tensor& bias) {
    x = input, weight = w;
    in = w.size(1), out = w.size(0);
    batch = count(x.shape(), 0, x.rank() - 1);
    Shape shape = x.shape();
    shape.set(-1, out);
    return activation.forward(shape, [&](Activation fused, real* y) {
      kernels::linear_forward(batch, in, out, x.data(), weight.data(), data_or_null(bias), fused, y);
    });
  }

  void backward(const Tensor& grad_output, Gradients& grads) {
    const Tensor grad_pre = activation.backward_by_column(grad_output, batch, out);
    // One input at a time: where x and weight are one tensor, the second adds to the first.
    const auto* step = grads.step(1);
    const auto gw = step ? Gradients::Slot{nullptr, false} : grads.slot_if_wanted(1),
               gb = grads.slot_if_wanted(2);
    kernels::linear_backward_weight(batch, in, out, x.data(), grad_pre.data(), gw.data, gw.accumulate,
                                    gb.data, gb.accumulate);
    if (grads.wanted(0)) {
      const auto gx = grads.slot(0);
      kernels::linear_backward_input(batch, in, out, weight.data(), grad_pre.data(), gx.data, gx.accumulate);
    }
    if (step) kernels::linear_step_weight(batch, in, out, x.data(), grad_pre.data(), weight.data(), *step);
  }
};

}  // namespace

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, Activation activation) {
  require_rank("linear", "weight", weight, 2, "[out, in]");
  require_defined("linear", "input", x);
  if (x.rank() == 0 || x.size(-1) != weight.size(1)) {
    fail("linear: input {} does not fit weight {}: the last dimension must be {}", x.shape().to_string(),
         weight.shape().to_string(), weight.size(1));
  }
  require_vector("linear", "bias", bias, weight.size(0), weight.shape());
  if (OpObserver::active() && activation != Activation{})
    return activate(linear(x, weight, bias), activation);
  return record(LinearOp{{"linear", activation}, {}, {}}, x, weight, bias);
}

}  // namespace fanin::ops
