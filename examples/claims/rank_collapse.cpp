#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include <fanin/autograd/node.hpp>
#include <fanin/models.hpp>
#include <fanin/nn/observer.hpp>
#include <fanin/probe/units.hpp>
#include <fanin/start/initialize.hpp>

#include "examples/claims/propagation.hpp"
#include "examples/claims/training.hpp"

namespace fanin::claims {
namespace {

constexpr int depth = 50, width = 512, draws = 32, seeds = 3;
constexpr Index images = 32, steps = 300;
constexpr double kept = 0.9;  ///< the cosine at depth that TAT gives two inputs at right angles
constexpr double rates[] = {0.003, 0.01, 0.03};

/// The cosine of two signals behind a layer of He's weights and a leaky ReLU of this negative slope, from that before it
/// (Cho & Saul 2009; Zhang et al. 2022, eq. 5).
double next_cosine(double slope, double cosine) {
  const double c = std::clamp(cosine, -1.0, 1.0), share = (1 - slope) * (1 - slope) / (1 + slope * slope);
  return c + share / std::numbers::pi * (std::sqrt(1 - c * c) - c * std::acos(c));
}
double cosine_at_depth(double slope, double cosine) {
  for (int layer = 0; layer < depth; ++layer) cosine = next_cosine(slope, cosine);
  return cosine;
}

/// The slope that takes a cosine of 0 to `kept` over all layers, by bisection: the flatter, the higher.
double tailored_slope() {
  double low = 0, high = 1;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (cosine_at_depth(middle, 0) > kept ? low : high) = middle;
  }
  return low;
}

struct Net {
  std::string model, plan;
  double slope;
};
Net net_of(double slope, int units) {
  return {fmt::format("plain_net(depth={}, width={}, activation=leaky_relu({}))", depth, units, slope),
          fmt::format("*.weight=kaiming_normal(a={}); *.bias=zeros", slope), slope};
}

double dot(const real* a, const real* b, Index count) {
  double sum = 0;
  for (Index i = 0; i < count; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

/// Cosines of all pairs of rows.
std::vector<double> cosines(const Tensor& rows) {
  const Index count = rows.numel() / rows.size(0);
  std::vector<double> all;
  for (Index i = 0; i < rows.size(0); ++i) {
    for (Index j = 0; j < i; ++j) {
      const real *a = rows.data() + i * count, *b = rows.data() + j * count;
      all.push_back(dot(a, b, count) / std::sqrt(dot(a, a, count) * dot(b, b, count)));
    }
  }
  return all;
}

/// What is left at the last hidden layer of the images' mean distance 1 - cosine, seen / predicted.
double distance_over_predicted(const Setup& setup, const Net& net, const Tensor& pixels) {
  double seen = 0, predicted = 0;
  for (double cosine : cosines(pixels)) predicted += 1 - cosine_at_depth(net.slope, cosine);
  predicted /= static_cast<double>(images * (images - 1) / 2);
  for (int i = 0; i < draws; ++i) {
    const auto model = models::build(net.model, {});
    Generator generator(setup.seed_of(i));
    start::initialize(*model, net.plan, generator);
    const NoGrad guard;
    Tensor last;
    const nn::Observer keep([&](nn::Module&, const Tensor& output) {
      if (output.rank() == 2 && output.size(1) == width) last = output;
    });
    (*model)(pixels);
    seen += (1 - probe::mean_correlation(last, images)) / draws;
  }
  return seen / predicted;
}

/// Mean test accuracy of the seeds after few steps, at the best of the rates.
double best_accuracy(const Setup& setup, const Net& net) {
  double best = 0;
  for (const double rate : rates) {
    double mean = 0;
    for (int i = 0; i < seeds; ++i)
      mean += train_briefly(
                  *models::build(net.model, {}), net.plan, setup.data(),
                  {.steps = steps, .optimizer = {.lr = rate, .momentum = 0.9}, .seed = setup.seed_of(i)})
                  .test_accuracy /
              seeds;
    best = std::max(best, mean);
  }
  return best;
}

}  // namespace

/// With ReLU, whatever the inputs, all come to point one way, as 1/depth²: the last layer's features have rank 1.
Claim rank_collapse(const Setup& setup) {
  return {
      .name = "rank-collapse",
      .paper = "Martens et al. 2021; Zhang et al. 2022",
      .words =
          "With He's weights a deep ReLU net maps all inputs to one direction, at the rate that theory says, and "
          "learns slowly; a leaky ReLU whose slope is chosen for the depth (TAT) keeps them apart and learns.",
      .setting = fmt::format(
          "{} layers of {}; 1 - cosine of {} Fashion-MNIST images, mean of pairs and {} draws; trained: width 64, "
          "{} steps, momentum 0.9, batch 64, {} seeds, best of {} rates; TAT: a cosine of 0 becomes {}, slope {:.4f}",
          depth, width, images, draws, steps, seeds, std::size(rates), kept, tailored_slope()),
      .predict =
          [] {
            return std::vector<Prediction>{
                {.what = "ReLU: distance of images at the last layer, seen / predicted",
                 .formula = "arc-cosine map",
                 .figure = 1,
                 .share = 0.3},
                {.what = "TAT: distance of images at the last layer, seen / predicted",
                 .formula = "arc-cosine map",
                 .figure = 1,
                 .share = 0.3},
                {.what = "test accuracy, TAT - ReLU",
                 .formula = "10 points",
                 .figure = 0.1,
                 .relation = Relation::at_least}};
          },
      .measure =
          [setup] {
            const Tensor pixels = unit_images(setup, images).pixels;
            const double slope = tailored_slope();
            return std::vector<double>{
                distance_over_predicted(setup, net_of(0, width), pixels),
                distance_over_predicted(setup, net_of(slope, width), pixels),
                best_accuracy(setup, net_of(slope, 64)) - best_accuracy(setup, net_of(0, 64))};
          }};
}

}  // namespace fanin::claims
