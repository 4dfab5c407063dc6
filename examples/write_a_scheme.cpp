// A scheme of your own. One whose law can be written down is a text; one in C++ is registered once, and is then
// parsed, printed, checked and compared like any other.
#include <cmath>
#include <iostream>

#include <fanin/fanin.hpp>

using namespace fanin;

int main() {
  struct Cautious {
    double gain = 1;
  };
  // N(0, gain² / max(fan_in, fan_out)): neither the signal nor the gradient grows.
  init::register_scheme({.name = "cautious",
                         .options = {{"gain", &Cautious::gain, "factor on the std", {.least = 0}}},
                         .fill = init::fill_normal,
                         .deviation = [](const Shape&, const init::Fans& fans, const Cautious& options) {
                           return options.gain / std::sqrt(std::max(fans.in, fans.out));
                         }});

  nn::Sequential net("fc1", nn::Linear(784, 256), "relu1", nn::ReLU(), "fc2", nn::Linear(256, 256));
  const char* plan =
      "fc1.weight = cautious(gain=1.41); fc2.weight = normal(std=1.41/sqrt(max(fan_in, fan_out)))";
  Generator generator(0);
  for (const auto& one : start::initialize(net, plan, generator))
    std::cout << one.name << "  " << one.scheme << "  std " << one.std << "\n";
}
