#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <fanin/linalg/eigen.hpp>
#include <fanin/nn/linear.hpp>
#include <fanin/nn/sequential.hpp>
#include <fanin/nn/simple_layers.hpp>
#include <fanin/ops/loss.hpp>
#include <fanin/optim/optimizer.hpp>
#include <fanin/start/initialize.hpp>

#include "examples/claims/experiments.hpp"
#include "examples/claims/propagation.hpp"

namespace fanin::claims {
namespace {

constexpr Index images = 64, pixels = 784, width = 1024;
constexpr int steps = 200, halvings = 7, seeds = 3;

/// A scheme with n·(Var W₁ + Var W₂), which says how sharp a wide net of two linear layers is.
struct Scheme {
  const char* plan;
  double spread;
};
constexpr double n = width, d = pixels;
constexpr Scheme schemes[] = {{"default", n*(1 / (3 * d) + 1 / (3 * n))},
                              {"lecun_normal", n*(1 / d + 1 / n)},
                              {"kaiming_normal", n*(2 / d + 2 / n)},
                              {"orthogonal", 2}};

/// Images of mean square 1, and ±1 for whether a label is in the upper half.
struct Task {
  Tensor inputs, targets;
};
Task task_of(const Setup& setup) {
  const Images unit = unit_images(setup, images);
  Tensor targets({images, 1});
  for (Index i = 0; i < images; ++i)
    targets.data()[i] = unit.labels[static_cast<std::size_t>(i)] < 5 ? -1 : 1;
  return {unit.pixels, targets};
}

/// Largest eigenvalue of the mean squared loss's curvature: 2/N of the tangent kernel's, which is n (Var W₁ + Var W₂)
/// times the inputs' products with one another.
double sharpness(const Task& task, double spread) {
  auto products = linalg::Matrix::zeros(images, images);
  for (Index i = 0; i < images; ++i) {
    for (Index j = 0; j < images; ++j) {
      double sum = 0;
      for (Index k = 0; k < pixels; ++k)
        sum += static_cast<double>(task.inputs.data()[i * pixels + k]) *
               static_cast<double>(task.inputs.data()[j * pixels + k]);
      products(static_cast<std::size_t>(i), static_cast<std::size_t>(j)) = sum;
    }
  }
  const auto eigenvalues = linalg::symmetric_eigenvalues(std::move(products));
  return 2 / static_cast<double>(images) * spread * *std::max_element(eigenvalues.begin(), eigenvalues.end());
}

/// Full-batch gradient descent from a scheme's weights: the largest loss on the way and the last one; infinite where
/// one was not finite.
struct Descent {
  double first, largest, last;
};
Descent descend(const Task& task, const char* plan, double rate, std::uint64_t seed) {
  nn::Sequential net("flatten", nn::Flatten(), "fc1", nn::Linear(pixels, width, false), "fc2",
                     nn::Linear(width, 1, false));
  Generator generator(seed);
  start::initialize(net, plan, generator);
  optim::Optimizer optimizer(net, {.lr = rate});
  Descent descent{0, 0, 0};
  for (int step = 0; step < steps; ++step) {
    optimizer.zero_grad();
    const Tensor loss = ops::mse(net(task.inputs), task.targets);
    descent.last = loss.item();
    if (step == 0) descent.first = descent.last;
    descent.largest = std::max(descent.largest, descent.last);
    if (!(descent.last < 1e6 * descent.first)) return {descent.first, HUGE_VAL, HUGE_VAL};
    optimizer.step_from(loss);
  }
  return descent;
}

/// The largest rate between two, a factor of 4 apart, at which a descent is `good`: to a 128th of that factor's
/// logarithm.
double largest_rate(double low, const std::function<bool(double)>& good) {
  double high = 4 * low;
  for (int i = 0; i < halvings; ++i) {
    const double middle = std::sqrt(low * high);
    (good(middle) ? low : high) = middle;
  }
  return std::sqrt(low * high);
}

}  // namespace

/// A scheme's scale sets the sharpness λ at which training begins, and with it the rates that train: below 2/λ the loss
/// falls from the start; up to 4/λ it first rises, until the net has found a flatter place (the catapult); beyond, it
/// diverges.
Claim lewkowycz_2020(const Setup& setup) {
  return {
      .name = "lewkowycz-2020",
      .paper = "Lewkowycz et al. 2020",
      .words =
          "The sharpness λ that a scheme begins with bounds its learning rates: a wide net of two linear layers "
          "descends at once up to 2/λ, by way of a rise up to 4/λ, and not beyond.",
      .setting = fmt::format(
          "linear net {}-{}-1 without biases, {} Fashion-MNIST images, target ±1, mean squared loss, {} steps of "
          "gradient descent; bounds by bisection, geometric mean of {} seeds; λ from the scheme's variances and the images",
          pixels, width, images, steps, seeds),
      .predict =
          [] {
            std::vector<Prediction> all;
            for (const Scheme& scheme : schemes) {
              all.push_back(
                  {.what = fmt::format("{}: largest rate at which the loss never rises, × λ", scheme.plan),
                   .formula = "2",
                   .figure = 2,
                   .share = 0.1});
              all.push_back({.what = fmt::format("{}: largest rate that trains, × λ", scheme.plan),
                             .formula = "4",
                             .figure = 4,
                             .share = 0.1});
            }
            return all;
          },
      .measure =
          [setup] {
            const Task task = task_of(setup);
            std::vector<double> seen;
            for (const Scheme& scheme : schemes) {
              const double lambda = sharpness(task, scheme.spread);
              double at_once = 0, at_all = 0;
              for (int i = 0; i < seeds; ++i) {
                const auto descent = [&](double rate) {
                  return descend(task, scheme.plan, rate, setup.seed_of(i));
                };
                at_once += std::log(lambda * largest_rate(1 / lambda,
                                                          [&](double rate) {
                                                            const Descent one = descent(rate);
                                                            return one.largest <= one.first;
                                                          })) /
                           seeds;
                at_all += std::log(lambda * largest_rate(2 / lambda,
                                                         [&](double rate) {
                                                           const Descent one = descent(rate);
                                                           return one.last < one.first;
                                                         })) /
                          seeds;
              }
              seen.insert(seen.end(), {std::exp(at_once), std::exp(at_all)});
            }
            return seen;
          }};
}

}  // namespace fanin::claims
