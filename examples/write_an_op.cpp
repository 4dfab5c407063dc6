// An op of your own, softsign x / (1 + |x|): forward and backward side by side, and its gradient checked.
#include <iostream>

#include <fanin/fanin.hpp>

using namespace fanin;

namespace {

struct Softsign {
  static constexpr const char* name = "softsign";
  Tensor scale;  // what backward needs

  // Of ops that are there, or of loops over data(); detached, since backward below is what differentiates it.
  Tensor forward(const Tensor& x) {
    scale = 1 + ops::abs(x.detach());
    return x.detach() / scale;
  }
  void backward(const Tensor& grad, Gradients& grads) { grads.give(0, grad / (scale * scale)); }
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
