#include "framework/autograd/gradcheck.hpp"

#include <algorithm>
#include <cmath>

#include "framework/autograd/node.hpp"

namespace fanin {
namespace {

real weight_of(Index i) { return static_cast<real>(0.5 + std::sin(static_cast<double>(i) * 12.9898 + 1.0)); }

/// sum_i weight(i) x_i: a scalar to which every element of x matters differently.
struct WeightedSum {
  static constexpr const char* name = "gradcheck";
  Shape shape;
  Tensor forward(const Tensor& x) {
    shape = x.shape();
    real total = 0;
    for (Index i = 0; i < x.numel(); ++i) total += weight_of(i) * x.data()[i];
    return Tensor::scalar(total);
  }
  void backward(const Tensor& grad_output, Gradients& grads) {
    Tensor gradient(shape);
    for (Index i = 0; i < gradient.numel(); ++i) gradient.data()[i] = grad_output.item() * weight_of(i);
    grads.give(0, std::move(gradient));
  }
};

}  // namespace

double gradcheck(const std::function<Tensor(const std::vector<Tensor>&)>& function,
                 std::vector<Tensor> inputs, double step) {
  for (auto& input : inputs) input.zero_grad();
  record(WeightedSum{}, function(inputs)).backward();
  const auto loss_at = [&] {
    const NoGrad guard;
    return static_cast<double>(WeightedSum{}.forward(function(inputs)).item());
  };
  double worst = 0;
  for (auto& input : inputs) {
    if (!input.requires_grad()) continue;
    const Tensor gradient = input.grad();
    std::vector<double> numeric(static_cast<std::size_t>(input.numel()));
    for (Index i = 0; i < input.numel(); ++i) {
      real& element = input.data()[i];
      const real before = element;
      element = before + static_cast<real>(step);
      const double above = loss_at();
      element = before - static_cast<real>(step);
      const double below = loss_at();
      element = before;
      numeric[static_cast<std::size_t>(i)] = (above - below) / (2 * step);
    }
    double scale = 0;
    for (const double n : numeric) scale = std::max(scale, std::abs(n));
    for (Index i = 0; i < input.numel(); ++i) {
      const double n = numeric[static_cast<std::size_t>(i)];
      const double a = gradient.defined() ? static_cast<double>(gradient.data()[i]) : 0.0;
      const double size = std::max({1e-3 * scale, std::abs(a), std::abs(n)});
      if (size > 0) worst = std::max(worst, std::abs(a - n) / size);
      if (!std::isfinite(a) || !std::isfinite(n)) worst = HUGE_VAL;
    }
  }
  return worst;
}

}  // namespace fanin
