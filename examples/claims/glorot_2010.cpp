#include <fmt/format.h>

#include <cmath>

#include <fanin/init/mean_field.hpp>

#include "examples/claims/propagation.hpp"

namespace fanin::claims {
namespace {

constexpr int depth = 5, width = 1000, draws = 3;
constexpr double inputs = 784, n = width;

/// The profile's ends as theory has them: how signal changes from the first hidden layer to the last, and
/// gradient from the last to the first.
struct Ends {
  double forward, backward;
};

/// `first` and `rest` are fan_in · variance of the first layer's weights and of the others'.
Ends predicted(double first, double rest) {
  const init::Nonlinearity tanh = init::Nonlinearity::named("tanh");
  const auto output_square = [&](double q) { return init::next_variance(tanh, 1, 0, q); };
  double q = first, gradient = 1;  // images have mean square 1
  const double bottom = output_square(q);
  for (int layer = 2; layer <= depth; ++layer) {
    q = init::next_variance(tanh, std::sqrt(rest), 0, q);
    gradient *= init::gradient_factor(tanh, std::sqrt(rest), q);
  }
  return {std::sqrt(output_square(q) / bottom), std::sqrt(gradient)};
}

Ends of_standard() { return predicted(1.0 / 3, 1.0 / 3); }  // Var U(±1/√n) = 1/(3n)
Ends of_glorot() { return predicted(inputs * 2 / (inputs + n), 1); }

}  // namespace

/// Var(w) = 1/(3n) loses two thirds of the variance a layer both ways; 2/(fan_in + fan_out) keeps it.
Claim glorot_2010(const Setup& setup) {
  return {
      .name = "glorot-2010",
      .paper = "Glorot & Bengio 2010",
      .words =
          "In a tanh net, the standard U(±1/√n) shrinks activations towards the output and gradients towards the "
          "input by two thirds of the variance a layer; the normalized initialization loses only what tanh bends.",
      .setting = fmt::format(
          "{} tanh layers of {}, biases 0, mean of {} draws; 256 Fashion-MNIST images of mean square 1; "
          "predicted by the mean-field variance map",
          depth, width, draws),
      .predict =
          [] {
            const Ends standard = of_standard(), glorot = of_glorot();
            const double layers = depth - 1;
            return std::vector<Prediction>{{.what = "standard: activation variance, factor a layer",
                                            .formula = "E[tanh²]-map, σw² = 1/3",
                                            .figure = std::pow(standard.forward, 2 / layers),
                                            .share = 0.05},
                                           {.what = "standard: gradient variance, factor a layer",
                                            .formula = "E[tanh'²]/3 → 1/3",
                                            .figure = std::pow(standard.backward, 2 / layers),
                                            .share = 0.05},
                                           {.what = "standard: activation std, layer 5 / layer 1",
                                            .formula = "product",
                                            .figure = standard.forward,
                                            .share = 0.05},
                                           {.what = "standard: gradient std, layer 1 / layer 5",
                                            .formula = "product",
                                            .figure = standard.backward,
                                            .share = 0.05},
                                           {.what = "Glorot: activation std, layer 5 / layer 1",
                                            .formula = "E[tanh²]-map, σw² = 1",
                                            .figure = glorot.forward,
                                            .share = 0.05},
                                           {.what = "Glorot: gradient std, layer 1 / layer 5",
                                            .formula = "Π E[tanh'²]",
                                            .figure = glorot.backward,
                                            .share = 0.05}};
          },
      .measure =
          [setup] {
            const Images images = unit_images(setup, 256);
            const auto ends = [&](const char* plan) {
              const Profile profile = propagate(
                  setup, fmt::format("plain_net(depth={}, width={}, activation=tanh)", depth, width), plan,
                  images, draws);
              return Ends{profile.forward.back() / profile.forward.front(),
                          profile.backward.front() / profile.backward.back()};
            };
            const Ends standard = ends("*.weight=fan_uniform; *.bias=zeros"), glorot = ends("xavier_uniform");
            const double layers = depth - 1;
            return std::vector<double>{std::pow(standard.forward, 2 / layers),
                                       std::pow(standard.backward, 2 / layers),
                                       standard.forward,
                                       standard.backward,
                                       glorot.forward,
                                       glorot.backward};
          }};
}

}  // namespace fanin::claims
