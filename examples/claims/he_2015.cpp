#include <fmt/format.h>

#include <cmath>

#include "examples/claims/propagation.hpp"
#include "examples/claims/training.hpp"
#include "framework/init/gain.hpp"
#include "framework/nn/initialize.hpp"
#include "models/model.hpp"

namespace fanin::claims {
namespace {

constexpr Index steps = 800;
constexpr int seeds = 3;
constexpr const char* net = "plain_net(conv=true, depth=30, width=16, activation=relu)";

}  // namespace

/// He's variance 2/fan keeps a ReLU net's signal; Glorot's, for equal fans 1/fan, halves it a layer. (After
/// 500 steps, tried first, He's accuracy was within rounding of its bound: above it with one rounding of the
/// same convolutions, 0.249 with another.)
lab::Claim he_2015(const Bench& bench) {
  return {
      .name = "he-2015",
      .paper = "He et al. 2015, figure 3",
      .words =
          "A 30-layer ReLU network with small filters trains with He's initialization and stalls with "
          "Xavier's.",
      .setting =
          fmt::format("{}: 3×3 filters, no normalization; {} steps of SGD 0.002, momentum 0.9, batch 64 on "
                      "Fashion-MNIST, the same {} seeds for both",
                      net, steps, seeds),
      .predict =
          [] {
            return std::vector<lab::Prediction>{
                {.what = "Xavier's signal at layer 30 as a share of He's",
                 .formula = "E[relu²]^(29/2) · first layer",
                 .figure = std::pow(init::gain("relu").forward, -29.0) * std::sqrt(9.0 / (9 + 9 * 16)),
                 .share = 0.01},
                {.what = "He: least test accuracy of the seeds",
                 .formula = "2.5 × chance",
                 .figure = 0.25,
                 .relation = lab::Relation::at_least},
                {.what = "He: largest loss of the seeds (last 20 steps)",
                 .formula = "ln 10 - 0.3",
                 .figure = std::log(10.0) - 0.3,
                 .relation = lab::Relation::at_most},
                {.what = "Xavier: largest test accuracy of the seeds",
                 .formula = "1.5 × chance",
                 .figure = 0.15,
                 .relation = lab::Relation::at_most},
                {.what = "Xavier: least loss of the seeds (last 20 steps)",
                 .formula = "ln 10",
                 .figure = std::log(10.0),
                 .share = 0.01}};
          },
      .measure =
          [bench] {
            const auto& [training, test] = bench.data();
            const Images images = unit_images(bench, 64);
            const double he_signal = propagate(bench, net, "kaiming_normal", images, 1).forward.back();
            const double xavier_signal = propagate(bench, net, "xavier_normal", images, 1).forward.back();
            double he_accuracy = 1, he_loss = 0, xavier_accuracy = 0, xavier_loss = 1e9;
            for (int i = 0; i < seeds; ++i) {
              const auto course = [&](const char* plan) {
                const auto model = models::build(net, {});
                Generator generator(bench.seed_of(i));
                nn::initialize(*model, plan, generator);
                return train_briefly(
                    *model, training, test,
                    {.steps = steps, .optimizer = {.lr = 0.002, .momentum = 0.9}, .seed = bench.seed_of(i)});
              };
              const Course he = course("kaiming_normal"), xavier = course("xavier_normal");
              he_accuracy = std::min(he_accuracy, he.test_accuracy);
              he_loss = std::max(he_loss, he.last_loss());
              xavier_accuracy = std::max(xavier_accuracy, xavier.test_accuracy);
              xavier_loss = std::min(xavier_loss, xavier.last_loss());
            }
            return std::vector<double>{xavier_signal / he_signal, he_accuracy, he_loss, xavier_accuracy,
                                       xavier_loss};
          }};
}

}  // namespace fanin::claims
