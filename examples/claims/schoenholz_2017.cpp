#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <fanin/init/mean_field.hpp>
#include <fanin/models.hpp>
#include <fanin/statistics/linear_fit.hpp>

#include "examples/claims/propagation.hpp"
#include "examples/claims/training.hpp"

namespace fanin::claims {
namespace {

constexpr double bias_square = 0.05, scales[] = {2, 4, 8};
constexpr int most_multiple = 10, width = 200, rate_depth = 30, seeds = 3;
constexpr Index steps = 300;
constexpr double lr = 0.01;

init::MeanField field_of(double sigma_w) {
  return init::mean_field(init::Nonlinearity::named("tanh"), sigma_w, std::sqrt(bias_square));
}

/// The σw in the ordered phase (χ < 1) whose depth scale is ξ, by bisection: ξ grows with σw.
double sigma_for(double xi) {
  double low = 0.1, high = 2;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    const init::MeanField field = field_of(middle);
    (field.chi < 1 && field.correlation_depth < xi ? low : high) = middle;
  }
  return low;
}

std::string plan_for(double xi) {
  const double sigma = sigma_for(xi);
  return fmt::format(
      "*.weight=variance_scaling(scale={}, mode=fan_in, distribution=normal); *.bias=normal(std={})",
      sigma * sigma, std::sqrt(bias_square));
}

std::string net(int depth) {
  return fmt::format("plain_net(depth={}, width={}, activation=tanh)", depth, width);
}

/// Test accuracy, mean of the seeds.
double trained_accuracy(const Setup& setup, double xi, int depth) {
  double mean = 0;
  for (int i = 0; i < seeds; ++i)
    mean += train_briefly(*models::build(net(depth), {}), plan_for(xi), setup.data(),
                          {.steps = steps, .optimizer = {.lr = lr}, .seed = setup.seed_of(i)})
                .test_accuracy /
            seeds;
  return mean;
}

/// The largest multiple of ξ, in twos, up to which nets keep half of what the shallowest learned above
/// chance.
double deepest_that_trains(const Setup& setup, double xi) {
  double half = 0;
  for (int multiple = 2; multiple <= most_multiple; multiple += 2) {
    const double accuracy = trained_accuracy(setup, xi, static_cast<int>(multiple * xi));
    if (multiple == 2) half = (0.1 + accuracy) / 2;
    if (accuracy < half) return multiple - 2;
  }
  return most_multiple;
}

}  // namespace

/// Two inputs' difference, and the gradient, change e-fold every ξ layers: deeper than some six of these
/// nothing gets through.
Claim schoenholz_2017(const Setup& setup) {
  return {
      .name = "schoenholz-2017",
      .paper = "Schoenholz et al. 2017",
      .words =
          "The mean-field depth scale ξ of (σw, σb) predicts how deep a tanh net trains: to about 6ξ layers.",
      .setting = fmt::format(
          "width {}, σb² = {}, σw chosen for each ξ; {} steps of SGD {}, batch 64 on Fashion-MNIST at depths 2ξ, "
          "4ξ … {}ξ, mean of {} seeds; trains: keeps half of what depth 2ξ learned above chance; rates over {} layers",
          width, bias_square, steps, lr, most_multiple, seeds, rate_depth),
      .predict =
          [] {
            std::vector<Prediction> all;
            for (const double xi : scales)
              all.push_back({.what = fmt::format("ξ = {}: gradient's factor a layer", xi),
                             .formula = "√χ = e^(-1/2ξ)",
                             .figure = std::sqrt(field_of(sigma_for(xi)).chi),
                             .share = 0.03});
            for (const double xi : scales)
              all.push_back({.what = fmt::format("ξ = {}: deepest net that trains, in units of ξ", xi),
                             .formula = "about 6",
                             .figure = 6,
                             .margin = 2});
            return all;
          },
      .measure =
          [setup] {
            const Images images = unit_images(setup, 256);
            std::vector<double> seen;
            for (const double xi : scales) {
              const Profile profile = propagate(setup, net(rate_depth), plan_for(xi), images, 4);
              // nearer the input, the signal has not settled at q* yet
              seen.push_back(1 / statistics::geometric_fit(std::span(profile.backward).subspan(5)).factor);
            }
            for (const double xi : scales) seen.push_back(deepest_that_trains(setup, xi));
            return seen;
          }};
}

}  // namespace fanin::claims
