#include <algorithm>
#include <cmath>
#include <limits>

#include <fanin/autograd/gradcheck.hpp>
#include <fanin/autograd/node.hpp>
#include <fanin/core/fail.hpp>

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
  constexpr double least_step = 1'000 * static_cast<double>(std::numeric_limits<real>::epsilon());
  if (!(step >= least_step && step < 1)) {
    fail(
        "gradcheck: a step of {} is out of place for {} bits a number: it must be at least {:.2g}, below which it is lost in rounding, and below 1; "
        "{} is the default",
        step, 8 * sizeof(real), least_step, gradcheck_step);
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].defined()) fail("gradcheck: input {} is undefined", i);
    if (inputs[i].node())
      fail("gradcheck: input {} of shape {} was computed; it must be a leaf, as detach() gives one", i,
           inputs[i].shape().to_string());
  }
  if (std::none_of(inputs.begin(), inputs.end(), [](const Tensor& input) { return input.requires_grad(); }))
    fail("gradcheck: none of the {} inputs requires grad, so there is nothing to check", inputs.size());
  if (!function) fail("gradcheck: a function is needed, got an empty one");
  for (auto& input : inputs) input.zero_grad();
  const Tensor output = function(inputs);
  require_defined("gradcheck", "what the function gave", output);
  if (output.numel() == 0 || !output.requires_grad())
    fail("gradcheck: what the function gave, of shape {}, {}", output.shape().to_string(),
         output.numel() == 0 ? "has no elements" : "was not computed from an input that requires grad");
  record(WeightedSum{}, output).backward();
  const auto values = [&] {
    const NoGrad guard;
    const Tensor moved = function(inputs);
    if (!moved.defined() || moved.shape() != output.shape())
      fail("gradcheck: the function gave a tensor of shape {} and then {}", output.shape().to_string(),
           moved.defined() ? "one of shape " + moved.shape().to_string() : "an undefined one");
    return moved.to_vector();
  };
  double worst = 0;
  for (auto& input : inputs) {
    if (!input.requires_grad()) continue;
    const Tensor gradient = input.grad();
    std::vector<double> numeric(static_cast<std::size_t>(input.numel()));
    for (Index i = 0; i < input.numel(); ++i) {
      real& element = input.data()[i];
      const real before = element;
      const double change = step * std::max(1.0, std::abs(static_cast<double>(before)));
      const real up = static_cast<real>(before + change), down = static_cast<real>(before - change);
      const auto values_at = [&](real moved) {
        element = moved;
        try {
          return values();
        } catch (...) {
          element = before;
          throw;
        }
      };
      const std::vector<real> above = values_at(up), below = values_at(down);
      element = before;
      // Output by output, so that those which do not move add no rounding of theirs.
      double difference = 0;
      for (std::size_t k = 0; k < above.size(); ++k) {
        difference += static_cast<double>(weight_of(static_cast<Index>(k))) *
                      (static_cast<double>(above[k]) - static_cast<double>(below[k]));
      }
      numeric[static_cast<std::size_t>(i)] =
          difference / (static_cast<double>(up) - static_cast<double>(down));
    }
    double scale = 0;
    for (const double n : numeric) scale = std::max(scale, std::abs(n));
    for (Index i = 0; i < input.numel(); ++i) {
      const double n = numeric[static_cast<std::size_t>(i)];
      const double a = gradient.defined() ? static_cast<double>(gradient.data()[i]) : 0.0;
      const double size = std::max({gradcheck_floor * scale, std::abs(a), std::abs(n)});
      if (size > 0) worst = std::max(worst, std::abs(a - n) / size);
      if (!std::isfinite(a) || !std::isfinite(n)) worst = HUGE_VAL;
    }
  }
  return worst;
}

}  // namespace fanin
