// Regression on arrays: a function of two numbers, learned from samples of it.
#include <cmath>
#include <iostream>

#include <fanin/fanin.hpp>

using namespace fanin;

int main() {
  std::vector<double> points, heights;
  Generator generator(0);
  Tensor noise({2000, 2});
  generator.uniform(noise.values(), -2, 2);
  for (Index i = 0; i < 2000; ++i) {
    const double a = noise[i][0].item(), b = noise[i][1].item();
    points.insert(points.end(), {a, b});
    heights.push_back(std::sin(a) * std::cos(b));
  }
  const Tensor x = Tensor::from(points, {2000, 2}), y = Tensor::from(heights, {2000, 1});

  nn::Sequential net("fc1", nn::Linear(2, 32), "act1", nn::Tanh(), "fc2", nn::Linear(32, 32), "act2",
                     nn::Tanh(), "out", nn::Linear(32, 1));
  start::initialize(net, init::xavier_normal(), generator);
  train::fit(net, data::arrays(x[{0, 1500}], y[{0, 1500}], {.batch = 50, .shuffle = true}, generator),
             ops::mse,
             {.epochs = 40,
              .optimizer = {.rule = optim::adamw(), .lr = 0.005, .weight_decay = 0.001, .no_decay = "*.bias"},
              .schedule = optim::Cosine{},
              .validation = data::arrays(x[{1500, 2000}], y[{1500, 2000}]),
              .on_epoch = [](const train::FitEpoch& epoch) {
                if (epoch.epoch % 10 == 0)
                  std::cout << "epoch " << epoch.epoch << "  loss " << epoch.loss << "  unseen "
                            << epoch.validation_loss << "\n";
              }});
  const Tensor at = Tensor::from({1, 0, -1, 1}, {2, 2});
  std::cout << "sin(1) cos(0) = " << std::sin(1) << ", learned " << net.predict(at)[0][0] << "\n";
}
