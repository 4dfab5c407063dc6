#include <fmt/format.h>

#include <cmath>

#include <fanin/init/mean_field.hpp>

#include "examples/claims/propagation.hpp"

namespace fanin::claims {
namespace {

constexpr int depth = 20, width = 512, draws = 8;

/// A net of one activation: what its layers aim at, and the gain that tables give it.
struct Case {
  const char* activation;
  double target;  ///< second moment behind it: 1, or the middle of what it can be
  double gain;    ///< torch.nn.init.calculate_gain's; ReLU's for those that it does not know
  bool
      settles;  ///< whether a layer makes an error of scale smaller, so that every draw ends at the same signal
};
constexpr double relu_gain = 1.4142135623730951;
constexpr Case cases[] = {{"tanh", 0.5, 5.0 / 3, true},
                          {"sigmoid", 0.375, 1, true},
                          {"selu", 1, 0.75, true},
                          {"gelu", 1, relu_gain, false},
                          {"silu", 1, relu_gain, false}};

/// The second moment behind the last layer, from images of mean square 1, that the mean-field recursion gives.
double by_table(const Case& one) {
  const init::Nonlinearity f = init::Nonlinearity::named(one.activation);
  double q = one.gain * one.gain;
  for (int layer = 1; layer < depth; ++layer) q = init::next_variance(f, one.gain, 0, q);
  return init::next_variance(f, 1, 0, q);
}

}  // namespace

/// Moments propagated through the net keep the signal where one number an activation does not.
Claim autoinit_2023(const Setup& setup) {
  return {
      .name = "autoinit-2023",
      .paper = "Bingham & Miikkulainen 2023",
      .words =
          "One gain an activation, as tables have it, keeps the signal of few nets; moments propagated through the net "
          "keep that of any activation whose layers do not amplify errors, and on a batch that of all.",
      .setting = fmt::format(
          "{} layers of {}, biases 0, mean of {} draws; 64 images of mean square 1; second moment behind the last "
          "activation, as a share of what is asked: 1, or the middle of what tanh and sigmoid can give; tables: "
          "torch.nn.init.calculate_gain, and ReLU's gain where it knows none",
          depth, width, draws),
      .predict =
          [] {
            // Behind 20 layers of ReLU draws differ by half, and both have the same.
            std::vector<Prediction> all = {
                {.what = "relu: analytic / by the table", .formula = "the same", .figure = 1, .share = 0.02},
                {.what = "relu: empirical, on the batch", .formula = "1", .figure = 1, .share = 0.02}};
            for (const Case& one : cases) {
              if (one.settles) {
                all.push_back({.what = fmt::format("{}: by the table", one.activation),
                               .formula = "variance map",
                               .figure = by_table(one) / one.target,
                               .share = 0.1});
                all.push_back({.what = fmt::format("{}: analytic", one.activation),
                               .formula = "1",
                               .figure = 1,
                               .share = 0.05});
              } else {
                all.push_back({.what = fmt::format("{}: by the table", one.activation),
                               .formula = "10 × variance map",
                               .figure = 10 * by_table(one) / one.target,
                               .relation = Relation::at_most});
              }
              all.push_back({.what = fmt::format("{}: empirical, on the batch", one.activation),
                             .formula = "1",
                             .figure = 1,
                             .share = 0.02});
            }
            return all;
          },
      .measure =
          [setup] {
            const Images images = unit_images(setup, 64);
            std::vector<double> seen;
            const auto last_moment = [&](const char* activation, const std::string& plan) {
              const std::string model =
                  fmt::format("plain_net(depth={}, width={}, activation={})", depth, width, activation);
              const double last = propagate(setup, model, plan, images, draws).forward.back();
              return last * last;
            };
            const auto table = [](double gain) {
              return fmt::format("*.weight=normal(std={}/sqrt(fan_in)); *.bias=zeros", gain);
            };
            seen.push_back(last_moment("relu", "analytic") / last_moment("relu", table(relu_gain)));
            seen.push_back(last_moment("relu", "empirical"));
            for (const Case& one : cases) {
              seen.push_back(last_moment(one.activation, table(one.gain)) / one.target);
              if (one.settles) seen.push_back(last_moment(one.activation, "analytic") / one.target);
              seen.push_back(last_moment(one.activation, "empirical") / one.target);
            }
            return seen;
          }};
}

}  // namespace fanin::claims
