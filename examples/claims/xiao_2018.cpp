#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include <fanin/init/mean_field.hpp>
#include <fanin/models.hpp>

#include "examples/claims/experiments.hpp"
#include "examples/claims/training.hpp"

namespace fanin::claims {
namespace {

constexpr Index steps = 600, batch = 32;
constexpr double lr = 0.0002, gaussian_tries[] = {1, 10, 100};  // times lr
constexpr const char* net = "plain_net(conv=true, depth=500, width=16, activation=tanh)";

/// Every image at half its height and width: means of 2×2 pixels.
data::Dataset halved(const data::Dataset& data, Index count) {
  data::Dataset small = data.take(count);
  small.height /= 2;
  small.width /= 2;
  small.images.clear();
  for (Index i = 0; i < count; ++i) {
    const auto image = data.image(i);
    for (Index y = 0; y < small.height; ++y) {
      for (Index x = 0; x < small.width; ++x) {
        const auto at = static_cast<std::size_t>(2 * y * data.width + 2 * x);
        const auto below = at + static_cast<std::size_t>(data.width);
        small.images.push_back(
            static_cast<std::uint8_t>((image[at] + image[at + 1] + image[below] + image[below + 1] + 2) / 4));
      }
    }
  }
  small.measure();
  return small;
}

}  // namespace

/// At the edge of chaos with delta-orthogonal filters all singular values of the input-output Jacobian stay
/// near 1; with Gaussian ones they spread, and every spatial frequency but the lowest dies. (After 250 steps,
/// tried first, the accuracy was within rounding of its bound.)
Claim xiao_2018(const Setup& setup) {
  return {
      .name = "xiao-2018",
      .paper = "Xiao et al. 2018",
      .words =
          "Delta-orthogonal initialization at the edge of chaos trains very deep plain tanh CNNs, "
          "without shortcuts or normalization, where Gaussian weights of the same variance fail.",
      .setting = fmt::format(
          "{} (500 layers) on Fashion-MNIST at 14×14, 4×4 behind two strides; {} steps of SGD {}, "
          "momentum 0.9, batch {}; the Gaussian also gets 10 and 100 times that rate",
          net, steps, lr, batch),
      .predict =
          [] {
            const double chance = std::log(10.0);
            return std::vector<Prediction>{{.what = "delta-orthogonal: loss (last 20 steps)",
                                            .formula = "ln 10 - 0.3",
                                            .figure = chance - 0.3,
                                            .relation = Relation::at_most},
                                           {.what = "delta-orthogonal: test accuracy",
                                            .formula = "3 × chance",
                                            .figure = 0.3,
                                            .relation = Relation::at_least},
                                           {.what = "Gaussian: least loss of the three rates (last 20 steps)",
                                            .formula = "ln 10 - 0.03",
                                            .figure = chance - 0.03,
                                            .relation = Relation::at_least},
                                           {.what = "Gaussian: largest test accuracy of the three rates",
                                            .formula = "1.5 × chance",
                                            .figure = 0.15,
                                            .relation = Relation::at_most}};
          },
      .measure =
          [setup] {
            const data::Sets data = {.training = halved(setup.data().training, steps * batch),
                                     .test = halved(setup.data().test, 500)};
            const auto course = [&](const char* weights, double rate) {
              return train_briefly(*models::build(net, {.height = 14, .width = 14}),
                                   fmt::format("edge_of_chaos(activation=tanh, weights={})", weights), data,
                                   {.steps = steps,
                                    .batch = batch,
                                    .optimizer = {.lr = rate, .momentum = 0.9},
                                    .seed = setup.seed_of(0)});
            };
            const Course isometric = course("delta_orthogonal", lr);
            double loss = std::numeric_limits<double>::infinity(), accuracy = 0;
            for (const double times : gaussian_tries) {
              const Course gaussian = course("normal", times * lr);
              loss = std::min(loss, gaussian.last_loss());
              accuracy = std::max(accuracy, gaussian.test_accuracy);
            }
            return std::vector<double>{isometric.last_loss(), isometric.test_accuracy, loss, accuracy};
          }};
}

}  // namespace fanin::claims
