// Swap one layer's initializer, train, test.
#include <iostream>

#include <fanin/datasets.hpp>
#include <fanin/fanin.hpp>

using namespace fanin;

int main() {
  const data::Sets data = datasets::load_sets("fashion-mnist(per_class=500)");

  nn::Sequential net("flatten", nn::Flatten(),                          //
                     "fc1", nn::Linear(784, 256), "relu1", nn::ReLU(),  // PyTorch's default weights
                     "fc2",
                     nn::Linear({.in = 256,
                                 .out = 128,  // this layer chooses its own
                                 .weight_init = init::orthogonal({.gain = 1.41})}),
                     "relu2", nn::ReLU(),  //
                     "fc3", nn::Linear(128, 10));

  Generator generator(42);
  for (const auto& one : start::initialize(net, "fc3.weight=zeros", generator)) {  // and one more by name
    std::cout << one.name << "  " << one.shape.to_string() << "  " << one.scheme << "  std " << one.std
              << "\n";
  }
  const auto result = train::fit(net, data, {.epochs = 2, .batch = 64, .seed = 42, .optimizer = {.lr = 0.1}});
  std::cout << "test accuracy " << 100 * result.test.accuracy << "%\n";
}
