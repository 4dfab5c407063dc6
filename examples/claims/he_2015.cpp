#include <fmt/format.h>

#include <cmath>

#include <fanin/init/gain.hpp>
#include <fanin/models.hpp>

#include "examples/claims/contrast.hpp"
#include "examples/claims/propagation.hpp"
#include "examples/claims/training.hpp"

namespace fanin::claims {
namespace {

constexpr Index steps = 800;
constexpr int seeds = 3;
constexpr const char* net = "plain_net(conv=true, depth=30, width=16, activation=relu)";

}  // namespace

/// He's variance 2/fan keeps a ReLU net's signal; Glorot's, for equal fans 1/fan, halves it a layer. (After
/// 500 steps, tried first, He's accuracy was within rounding of its bound: above it with one rounding of the
/// same convolutions, 0.249 with another.)
Claim he_2015(const Setup& setup) {
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
            return TrainsAndStalls::predictions(
                "He", "Xavier",
                {.what = "Xavier's signal at layer 30 as a share of He's",
                 .formula = "E[relu²]^(29/2) · first layer",
                 .figure = std::pow(init::gain("relu").forward, -29.0) * std::sqrt(9.0 / (9 + 9 * 16)),
                 .share = 0.01});
          },
      .measure =
          [setup] {
            const Images images = unit_images(setup, 64);
            const double he_signal = propagate(setup, net, "kaiming_normal", images, 1).forward.back();
            const double xavier_signal = propagate(setup, net, "xavier_normal", images, 1).forward.back();
            TrainsAndStalls worst;
            for (int i = 0; i < seeds; ++i) {
              const auto course = [&](const char* plan) {
                return train_briefly(
                    *models::build(net, {}), plan, setup.data(),
                    {.steps = steps, .optimizer = {.lr = 0.002, .momentum = 0.9}, .seed = setup.seed_of(i)});
              };
              worst.add(course("kaiming_normal"), course("xavier_normal"));
            }
            return worst.figures(xavier_signal / he_signal);
          }};
}

}  // namespace fanin::claims
