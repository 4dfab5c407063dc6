// A scheme of your own: registered once, it is parsed, printed, checked and compared like any other.
#include <cmath>
#include <iostream>

#include <fanin/fanin.hpp>

using namespace fanin;

namespace {

struct CautiousOptions {
  double gain = 1;
};

/// N(0, gain² / max(fan_in, fan_out)): neither the signal nor the gradient grows.
double deviation(const Shape&, const init::Fans& fans, const CautiousOptions& options) {
  return options.gain / std::sqrt(static_cast<double>(std::max(fans.in, fans.out)));
}

}  // namespace

int main() {
  init::register_scheme({.name = "cautious",
                         .options = {{"gain", &CautiousOptions::gain, "factor on the std", {.least = 0}}},
                         .summary = "normal, scaled by the larger of both fans",
                         .formula = "N(0, gain² / max(fan_in, fan_out))",
                         .least_rank = 2,
                         .fill = init::fill_normal,
                         .deviation = deviation});

  nn::Sequential net("fc1", nn::Linear(784, 256), "relu1", nn::ReLU(), "fc2", nn::Linear(256, 10));
  Generator generator(0);
  for (const auto& one : start::initialize(net, "fc1.weight = cautious(gain=1.41)", generator)) {
    std::cout << one.name << "  " << one.scheme << "  std " << one.std << "\n";
  }
}
