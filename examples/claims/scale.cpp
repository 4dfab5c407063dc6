#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <fanin/init/gain.hpp>
#include <fanin/statistics/linear_fit.hpp>

#include "examples/claims/propagation.hpp"

namespace fanin::claims {
namespace {

constexpr int depth = 30, width = 256, draws = 4;

struct Case {
  const char* activation;  ///< as models spell it
  double std;
};
constexpr Case cases[] = {{"none", 0.03}, {"none", 0.2}, {"relu", 0.03}, {"relu", 0.2}};

init::Gain gain_of(const char* activation) {
  return std::string(activation) == "none" ? init::Gain{1, 1} : init::gain(activation);
}

}  // namespace

/// A layer multiplies the signal's second moment by n·σ²·E[f(z)²], the gradient's by n·σ²·E[f'(z)²].
Claim scale(const Setup& setup) {
  return {
      .name = "scale",
      .paper = "Glorot & Bengio 2010; He et al. 2015",
      .words =
          "A standard deviation too small makes signal and gradient vanish, one too large makes them explode: "
          "geometrically in depth, at the rate √n·σ/gain a layer.",
      .setting = fmt::format(
          "{} layers of n = {}, weights N(0, σ²), mean of {} draws; 256 Fashion-MNIST images of mean "
          "square 1",
          depth, width, draws),
      .predict =
          [] {
            std::vector<Prediction> all;
            for (const auto& [activation, std] : cases) {
              const init::Gain gain = gain_of(activation);
              const double linear = std::sqrt(static_cast<double>(width)) * std;
              const std::string net = std::string(activation) == "none" ? "linear" : activation;
              all.push_back({.what = fmt::format("{}, σ = {}: signal's factor a layer", net, std),
                             .formula = "√n·σ/√(1/E[f²])",
                             .figure = linear / gain.forward,
                             .share = 0.03});
              all.push_back({.what = fmt::format("{}, σ = {}: gradient's factor a layer", net, std),
                             .formula = "√n·σ/√(1/E[f'²])",
                             .figure = linear / gain.backward,
                             .share = 0.03});
            }
            all.push_back({.what = "all of them: least R² of log size against depth",
                           .formula = "geometric",
                           .figure = 0.999,
                           .relation = Relation::at_least});
            return all;
          },
      .measure =
          [setup] {
            const Images images = unit_images(setup, 256);
            std::vector<double> seen;
            double least_r2 = 1;
            for (const auto& [activation, std] : cases) {
              Profile profile = propagate(
                  setup,
                  fmt::format("plain_net(depth={}, width={}, activation={})", depth, width, activation),
                  fmt::format("normal(std={})", std), images, draws);
              std::reverse(profile.backward.begin(), profile.backward.end());  // from the loss to the input
              for (const auto* side : {&profile.forward, &profile.backward}) {
                const auto fit = statistics::geometric_fit(*side);
                seen.push_back(fit.factor);
                least_r2 = std::min(least_r2, fit.r2);
              }
            }
            seen.push_back(least_r2);
            return seen;
          }};
}

}  // namespace fanin::claims
