// An autoencoder: images through a bottleneck and back; its first half then gives features.
#include <iostream>

#include <fanin/datasets.hpp>
#include <fanin/fanin.hpp>

using namespace fanin;

int main() {
  const data::Sets sets = datasets::load_sets("fashion-mnist(per_class=100)");
  const Tensor images = data::first_batch(sets.training, sets.training.count).images;

  nn::Sequential net("conv1", nn::Conv2d(1, 8, 3, 2, 1), "relu1", nn::ReLU(),          // 14×14
                     "conv2", nn::Conv2d(8, 16, 3, 2, 1), "relu2", nn::ReLU(),         // 7×7
                     "code", nn::Conv2d(16, 4, 1),                                     //
                     "up1", nn::ConvTranspose2d(4, 16, 4, 2, 1), "relu3", nn::ReLU(),  // 14×14
                     "up2", nn::ConvTranspose2d(16, 1, 4, 2, 1));                      // 28×28
  Generator generator(0);
  start::initialize(net, {{"conv*; up*", init::kaiming_normal()}, {"*.bias", init::zeros()}}, generator);
  train::fit(net, data::arrays(images, images, {.batch = 50, .shuffle = true}, generator), ops::mse,
             {.epochs = 4,
              .optimizer = {.rule = optim::adam(), .lr = 0.003},
              .on_epoch = [](const train::FitEpoch& epoch) {
                std::cout << "epoch " << epoch.epoch << "  loss " << epoch.loss << "\n";
              }});
  const Tensor some = images[{0, 8}];
  std::cout << "code " << net.until("code").predict(some).shape().to_string() << "\n"
            << "error " << ops::mse(net.predict(some), some) << "\n";
}
