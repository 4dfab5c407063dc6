#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include <fanin/nn/activation.hpp>
#include <fanin/nn/linear.hpp>
#include <fanin/nn/residual.hpp>
#include <fanin/nn/sequential.hpp>
#include <fanin/nn/simple_layers.hpp>

#include "examples/claims/experiments.hpp"
#include "examples/claims/training.hpp"

namespace fanin::claims {
namespace {

constexpr Index blocks = 40, width = 64, steps = 300;
constexpr int seeds = 2;
constexpr double rates[] = {0.02, 0.005};

/// x + s·fc2(relu(fc1(x))) in a row, without normalization; s is learnable and 1 unless a scheme sets it.
nn::Sequential residual_mlp() {
  nn::Sequential net;
  net.add("flatten", nn::Flatten());
  net.add("fc", nn::Linear(784, width));
  for (Index i = 1; i <= blocks; ++i) {
    auto body = std::make_shared<nn::Sequential>("fc1", nn::Linear(width, width), "relu", nn::ReLU(), "fc2",
                                                 nn::Linear(width, width));
    net.add(fmt::format("block{}", i),
            std::make_shared<nn::Residual>(nn::ResidualOptions{.body = body, .scaled = true}));
  }
  net.add("relu", nn::ReLU());
  net.add("out", nn::Linear(width, 10));
  return net;
}

std::vector<std::string> schemes() {
  return {"fixup", "rezero",
          fmt::format("skipinit(alpha={:.4f})", 1 / std::sqrt(static_cast<double>(blocks)))};
}

}  // namespace

/// With He's weights each block of a residual net triples the signal's variance. Fixup, ReZero and SkipInit
/// start every block at or near the identity. At the larger learning rate alone, SkipInit with α = 1/√blocks
/// diverges.
Claim residual(const Setup& setup) {
  return {
      .name = "residual",
      .paper = "Zhang et al. 2019; Bachlechner et al. 2020; De & Smith 2020",
      .words =
          "Fixup, ReZero and SkipInit train a deep residual net without normalisation; He's initialization "
          "does not.",
      .setting = fmt::format(
          "{} blocks x + s·fc2(relu(fc1(x))), width {}; {} steps of SGD, momentum 0.9, batch 64 on "
          "Fashion-MNIST, the same {} seeds for all; learning rates {}: the better one for each scheme, both "
          "for kaiming_normal; a loss that is not finite counts as infinite",
          blocks, width, steps, seeds, fmt::join(rates, " and ")),
      .predict =
          [] {
            std::vector<Prediction> all;
            for (const std::string& scheme : schemes()) {
              all.push_back({.what = scheme + ": least test accuracy of the seeds",
                             .formula = "5 × chance",
                             .figure = 0.5,
                             .relation = Relation::at_least});
              all.push_back({.what = scheme + ": largest loss of the seeds (last 20 steps)",
                             .formula = "ln 10 / 2",
                             .figure = std::log(10.0) / 2,
                             .relation = Relation::at_most});
            }
            all.push_back({.what = "kaiming_normal: largest test accuracy of seeds and rates",
                           .formula = "2 × chance",
                           .figure = 0.2,
                           .relation = Relation::at_most});
            all.push_back({.what = "kaiming_normal: least loss of seeds and rates (last 20 steps)",
                           .formula = "0.95 ln 10",
                           .figure = 0.95 * std::log(10.0),
                           .relation = Relation::at_least});
            return all;
          },
      .measure =
          [setup] {
            const auto course = [&](const std::string& scheme, double rate, int i) {
              nn::Sequential net = residual_mlp();
              return train_briefly(
                  net, scheme, setup.data(),
                  {.steps = steps, .optimizer = {.lr = rate, .momentum = 0.9}, .seed = setup.seed_of(i)});
            };
            std::vector<double> seen;
            for (const std::string& scheme : schemes()) {
              double best = -1, best_loss = 0;
              for (const double rate : rates) {
                double accuracy = 1, loss = 0;
                for (int i = 0; i < seeds; ++i) {
                  const Course mine = course(scheme, rate, i);
                  accuracy = std::min(accuracy, mine.test_accuracy);
                  loss = std::max(loss, mine.last_loss());
                }
                if (accuracy > best) best = accuracy, best_loss = loss;
              }
              seen.insert(seen.end(), {best, best_loss});
            }
            double accuracy = 0, loss = std::numeric_limits<double>::infinity();
            for (const double rate : rates) {
              for (int i = 0; i < seeds; ++i) {
                const Course he = course("kaiming_normal", rate, i);
                accuracy = std::max(accuracy, he.test_accuracy);
                loss = std::min(loss, he.last_loss());
              }
            }
            seen.insert(seen.end(), {accuracy, loss});
            return seen;
          }};
}

}  // namespace fanin::claims
