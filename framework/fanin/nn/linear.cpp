#include <cmath>

#include <fanin/core/fail.hpp>
#include <fanin/nn/linear.hpp>
#include <fanin/ops/linear.hpp>

namespace fanin::nn {

Linear::Linear(LinearOptions options) {
  if (options.in < 1 || options.out < 1) {
    fail("Linear: in and out must be at least 1, got in={}, out={}", options.in, options.out);
  }
  const Fans fans{options.in, options.out};
  weight = add_parameter("weight", {options.out, options.in}, init::kaiming_uniform({.a = std::sqrt(5.0)}),
                         fans, options.weight_init);
  if (options.bias) bias = add_parameter("bias", {options.out}, init::fan_uniform(), fans, options.bias_init);
}

std::string Linear::describe() const {
  return fmt::format("Linear({}, {}{})", weight->fans.in, weight->fans.out, bias ? "" : ", bias=false");
}

Tensor Linear::run_activated(const Tensor& x, kernels::Activation activation) const {
  return ops::linear(x, weight->use(), bias ? bias->use() : Tensor(), activation);
}

}  // namespace fanin::nn
