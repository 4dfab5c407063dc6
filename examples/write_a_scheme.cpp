// A scheme of your own: registered once, it is parsed, printed, checked and compared like any other.
#include <cmath>
#include <iostream>

#include <fanin/fanin.hpp>

using namespace fanin;

namespace {

/// N(0, gain² / max(fan_in, fan_out)): neither the signal nor the gradient grows.
double deviation(const Shape&, const init::Fans& fans, const init::Initializer& options) {
  return options.number("gain") / std::sqrt(static_cast<double>(std::max(fans.in, fans.out)));
}

}  // namespace

int main() {
  init::register_scheme(
      {.name = "cautious",
       .options = {{.name = "gain", .standard = 1.0, .meaning = "factor on the std", .least = 0}},
       .summary = "normal, scaled by the larger of both fans",
       .formula = "N(0, gain² / max(fan_in, fan_out))",
       .least_rank = 2,
       .fill =
           [](Tensor& w, const init::Fans& fans, Generator& gen, const init::Initializer& options) {
             gen.normal(w.values(), 0, deviation(w.shape(), fans, options));
           },
       .deviation = deviation});

  nn::Sequential net("fc1", nn::Linear(784, 256), "relu1", nn::ReLU(), "fc2", nn::Linear(256, 10));
  Generator generator(0);
  for (const auto& one : start::initialize(net, "fc1.weight = cautious(gain=1.41)", generator)) {
    std::cout << one.name << "  " << one.scheme << "  std " << one.std << "\n";
  }
}
