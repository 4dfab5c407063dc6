#include <fmt/format.h>

#include <cmath>

#include <fanin/autograd/node.hpp>
#include <fanin/init/gain.hpp>
#include <fanin/init/mean_field.hpp>
#include <fanin/models.hpp>
#include <fanin/nn/observer.hpp>
#include <fanin/start/initialize.hpp>
#include <fanin/statistics/linear_fit.hpp>

#include "examples/claims/propagation.hpp"

namespace fanin::claims {
namespace {

constexpr int depth = 10, width = 256, draws = 8;
constexpr const char* relu_net = "plain_net(depth=10, width=256, activation=relu)";
constexpr const char* linear_net = "plain_net(depth=10, width=256, activation=none)";

/// n·Var(w) of kaiming_uniform(a=√5), from PyTorch's own gain: gain² = 2/(1 + a²).
double weight_square() { return std::pow(init::calculate_gain("leaky_relu", std::sqrt(5.0)), 2); }

init::MeanField with_biases() {
  const double bias_square = 1.0 / (3 * width);  // U(±1/√n)
  return init::mean_field(init::Nonlinearity::named("relu"), std::sqrt(weight_square()),
                          std::sqrt(bias_square));
}

/// The spread of a unit's output over the images, squared and averaged over the units.
double variance_over_images(const Tensor& output) {
  const Index images = output.size(0), units = output.size(1);
  double total = 0;
  for (Index unit = 0; unit < units; ++unit) {
    double mean = 0, squares = 0;
    for (Index i = 0; i < images; ++i) mean += static_cast<double>(output.data()[i * units + unit]);
    mean /= static_cast<double>(images);
    for (Index i = 0; i < images; ++i)
      squares += std::pow(static_cast<double>(output.data()[i * units + unit]) - mean, 2);
    total += squares / static_cast<double>(images);
  }
  return total / static_cast<double>(units);
}

/// What of each hidden layer's output depends on the image: its variance over the images, mean of the draws.
std::vector<double> information(const Setup& setup, const Images& images) {
  std::vector<double> mean(depth, 0.0);
  for (int draw = 0; draw < draws; ++draw) {
    const auto net = models::build(relu_net, {});
    Generator generator(setup.seed_of(draw));
    start::initialize(*net, generator);
    std::size_t layer = 0;
    const NoGrad guard;
    const nn::Observer observer([&](nn::Module& module, const Tensor& output) {
      if (module.kind() == "ReLU") mean[layer++] += variance_over_images(output) / draws;
    });
    (*net)(images.pixels);
  }
  return mean;
}

}  // namespace

/// U(±1/√n) has variance 1/(3n): a third of what keeps a linear layer's signal, a sixth of what keeps ReLU's.
Claim torch_default(const Setup& setup) {
  return {
      .name = "torch-default",
      .paper = "He et al. 2015 on torch.nn.Linear's a = √5",
      .words =
          "PyTorch's default shrinks the variance by 3 per linear layer, and by 6 through a ReLU; its biases hold "
          "the size up, but not what tells one image from another.",
      .setting = fmt::format("{} layers of {}, mean of {} draws; 256 Fashion-MNIST images of mean square 1",
                             depth, width, draws),
      .predict =
          [] {
            const double linear = weight_square(), relu = init::gain("relu").forward;
            const init::MeanField field = with_biases();
            return std::vector<Prediction>{
                {.what = "linear, biases 0: second moment's factor a layer",
                 .formula = "2/(1+a²)",
                 .figure = linear,
                 .share = 0.05},
                {.what = "ReLU, biases 0: second moment's factor a layer",
                 .formula = "E[relu²]·2/(1+a²)",
                 .figure = linear / (relu * relu),
                 .share = 0.05},
                {.what = "ReLU, biases 0: squared gradient's factor a layer",
                 .formula = "E[relu'²]·2/(1+a²)",
                 .figure = linear / std::pow(init::gain("relu").backward, 2),
                 .share = 0.05},
                {.what = "ReLU, with its biases: rms signal at layer 10",
                 .formula = "√(q*/2), mean field",
                 .figure = std::sqrt(field.q / 2),
                 .share = 0.1},
                {.what = "ReLU, with its biases: variance over images, factor a layer",
                 .formula = "χ, mean field",
                 .figure = field.chi,
                 .share = 0.1}};
          },
      .measure =
          [setup] {
            const Images images = unit_images(setup, 256);
            const char* weights_only = "*.weight=default; *.bias=zeros";
            const Profile linear = propagate(setup, linear_net, weights_only, images, draws);
            const Profile relu = propagate(setup, relu_net, weights_only, images, draws);
            const Profile whole = propagate(setup, relu_net, "default", images, draws);
            const auto kept = information(setup, images);
            // settled, and above rounding
            const std::span<const double> deep = std::span(kept).subspan(2, 6);
            const auto square = [](double x) { return x * x; };
            return std::vector<double>{square(statistics::geometric_fit(linear.forward).factor),
                                       square(statistics::geometric_fit(relu.forward).factor),
                                       1 / square(statistics::geometric_fit(relu.backward).factor),
                                       whole.forward.back(), statistics::geometric_fit(deep).factor};
          }};
}

}  // namespace fanin::claims
