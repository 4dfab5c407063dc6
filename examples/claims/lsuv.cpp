#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <fanin/autograd/node.hpp>
#include <fanin/core/moments.hpp>
#include <fanin/models.hpp>
#include <fanin/nn/observer.hpp>
#include <fanin/start/initialize.hpp>

#include "examples/claims/contrast.hpp"
#include "examples/claims/propagation.hpp"
#include "examples/claims/training.hpp"

namespace fanin::claims {
namespace {

constexpr Index steps = 500, batch = 256;
constexpr int seeds = 3;
constexpr const char* net = "plain_net(depth=30, width=128, activation=relu)";

/// The largest |variance - 1| of the layers' outputs before their activations.
double worst_variance(nn::Module& model, const Tensor& images) {
  double worst = 0;
  const NoGrad guard;
  const nn::Observer observer([&](nn::Module& layer, const Tensor& output) {
    if (layer.own_parameters().empty()) return;
    const double std = moments(output.values()).std;
    worst = std::max(worst, std::abs(std * std - 1));
  });
  model(images);
  return worst;
}

}  // namespace

/// LSUV draws orthogonal weights and divides each layer's by the deviation of its output on one batch.
Claim lsuv(const Setup& setup) {
  return {
      .name = "lsuv",
      .paper = "Mishkin & Matas 2015",
      .words =
          "Layer-sequential unit variance gives every layer's output variance 1 and so trains a deep plain "
          "ReLU net that the default of PyTorch leaves where it starts.",
      .setting = fmt::format(
          "{}, fitted to {} images; {} steps of SGD 0.01, momentum 0.9, batch 64 on Fashion-MNIST, the "
          "same {} seeds for both",
          net, batch, steps, seeds),
      .predict =
          [] {
            return TrainsAndStalls::predictions(
                "LSUV", "default",
                {.what = "largest |variance - 1| of a layer, on the batch it was fitted to",
                 .formula = "tolerance 0.1",
                 .figure = 0.1,
                 .relation = Relation::at_most});
          },
      .measure =
          [setup] {
            const Images images = unit_images(setup, batch);
            double variance = 0;
            TrainsAndStalls worst;
            for (int i = 0; i < seeds; ++i) {
              const auto course = [&](nn::Module& model) {
                return train_briefly(
                    model, setup.data(),
                    {.steps = steps, .optimizer = {.lr = 0.01, .momentum = 0.9}, .seed = setup.seed_of(i)});
              };
              const auto fitted = models::build(net, {}), standard = models::build(net, {});
              Generator generator(setup.seed_of(i)), same(setup.seed_of(i));
              start::initialize(*fitted, "lsuv", generator, images.pixels, images.labels);
              start::initialize(*standard, "default", same);
              variance = std::max(variance, worst_variance(*fitted, images.pixels));
              worst.add(course(*fitted), course(*standard));
            }
            return worst.figures(variance);
          }};
}

}  // namespace fanin::claims
