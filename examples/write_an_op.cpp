// An op of your own, softsign x / (1 + |x|): forward and backward side by side, and its gradient checked.
#include <cmath>
#include <iostream>
#include <vector>

#include <fanin/fanin.hpp>

using namespace fanin;

namespace {

struct Softsign {
  static constexpr const char* name = "softsign";
  Tensor input;  // what backward needs

  Tensor forward(const Tensor& x) {
    input = x.detach();
    Tensor y(x.shape());
    for (Index i = 0; i < x.numel(); ++i) y.data()[i] = x.data()[i] / (1 + std::abs(x.data()[i]));
    return y;
  }
  void backward(const Tensor& grad_output, Gradients& grads) {
    Tensor grad(input.shape());
    for (Index i = 0; i < grad.numel(); ++i) {
      const real d = 1 + std::abs(input.data()[i]);
      grad.data()[i] = grad_output.data()[i] / (d * d);
    }
    grads.give(0, grad);
  }
};

Tensor softsign(const Tensor& x) { return record(Softsign{}, x); }

}  // namespace

int main() {
  Tensor x = Tensor::from(std::vector<real>{-2, -1, -0.5, 0.5, 1, 2}, {2, 3});
  x.set_requires_grad(true);
  ops::sum(softsign(x)).backward();
  for (const real g : x.grad().values()) std::cout << g << " ";
  const double error = gradcheck([](const std::vector<Tensor>& in) { return softsign(in[0]); }, {x});
  std::cout << "\nlargest relative difference to central differences: " << error << "\n";
  return error < 1e-2 ? 0 : 1;
}
