#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include <fanin/init/init.hpp>
#include <fanin/models.hpp>

#include "examples/claims/propagation.hpp"
#include "examples/claims/training.hpp"

namespace fanin::claims {
namespace {

constexpr Index width = 64, factors = 400, most_steps = 400;
constexpr int shallow = 16, deep = 64, seeds = 6;  // independence of depth is a limit: from some depth on
constexpr double target_loss = 0.8;
/// Times 1/depth. √2 apart: in steps of 2 the best one was missed by more at some depths than at others.
constexpr double rates[] = {0.035, 0.05, 0.07, 0.1, 0.14, 0.2, 0.28, 0.4, 0.56};

/// ψ(x) = Γ'(x)/Γ(x): its recurrence up to 10, then the asymptotic series (Abramowitz & Stegun 6.3.5,
/// 6.3.18).
double digamma(double x) {
  double below = 0;
  for (; x < 10; ++x) below -= 1 / x;
  const double square = 1 / (x * x);
  return below + std::log(x) - 1 / (2 * x) - square * (1.0 / 12 - square * (1.0 / 120 - square / 252));
}

/// The k-th largest Lyapunov exponent of a product of n×n matrices with elements N(0, 1/n) (Newman 1986).
double gaussian_exponent(Index k) {
  const auto n = static_cast<double>(width);
  return 0.5 * (digamma((n - static_cast<double>(k) + 1) / 2) - std::log(n / 2));
}

using Matrix = std::vector<double>;  ///< width × width, by columns

/// Replaces the columns by an orthonormal basis (modified Gram-Schmidt, twice over) and adds the logarithms
/// of R's diagonal.
void orthonormalize(Matrix& q, std::vector<double>& logarithms) {
  constexpr auto n = static_cast<std::size_t>(width);
  for (std::size_t k = 0; k < n; ++k) {
    double* column = &q[k * n];
    double norm = 0;
    for (int pass = 0; pass < 2; ++pass) {
      for (std::size_t j = 0; j < k; ++j) {
        double along = 0;
        for (std::size_t i = 0; i < n; ++i) along += q[j * n + i] * column[i];
        for (std::size_t i = 0; i < n; ++i) column[i] -= along * q[j * n + i];
      }
    }
    for (std::size_t i = 0; i < n; ++i) norm += column[i] * column[i];
    norm = std::sqrt(norm);
    for (std::size_t i = 0; i < n; ++i) column[i] /= norm;
    logarithms[k] += std::log(norm);
  }
}

/// Growth a layer, as logarithms, of the product's singular values in the limit of many factors: the QR
/// method (Benettin et al. 1980).
std::vector<double> exponents(const init::Initializer& scheme, std::uint64_t seed) {
  constexpr auto n = static_cast<std::size_t>(width);
  Generator generator(seed);
  Tensor w({width, width});
  Matrix q(n * n, 0.0), next(n * n);
  for (std::size_t i = 0; i < n; ++i) q[i * n + i] = 1;
  std::vector<double> sums(n, 0.0);
  for (Index layer = 0; layer < factors; ++layer) {
    scheme.fill(w, generator);
    for (std::size_t k = 0; k < n; ++k) {
      for (std::size_t i = 0; i < n; ++i) {
        double sum = 0;
        for (std::size_t j = 0; j < n; ++j) sum += static_cast<double>(w.data()[i * n + j]) * q[k * n + j];
        next[k * n + i] = sum;
      }
    }
    q.swap(next);
    orthonormalize(q, sums);
  }
  for (double& sum : sums) sum /= static_cast<double>(factors);
  return sums;
}

std::string linear_net(int depth) {
  return fmt::format("plain_net(depth={}, width={}, activation=none)", depth, width);
}

/// Steps until the loss is reached, with the best of the learning rates; mean of the seeds. `most_steps`
/// where it never is.
double learning_time(const Setup& setup, int depth, const char* plan) {
  double mean = 0;
  for (int i = 0; i < seeds; ++i) {
    auto best = static_cast<double>(most_steps);
    for (const double rate : rates) {
      const Course course = train_briefly(*models::build(linear_net(depth), {}), plan, setup.data(),
                                          {.steps = most_steps,
                                           .optimizer = {.lr = rate / depth},
                                           .seed = setup.seed_of(i),
                                           .until_loss = target_loss});
      if (course.reached(target_loss)) best = std::min(best, static_cast<double>(course.losses.size()));
    }
    mean += best / seeds;
  }
  return mean;
}

}  // namespace

/// Orthogonal factors keep every singular value of the product at 1, whatever the depth; Gaussian ones keep
/// only their mean.
Claim saxe_2013(const Setup& setup) {
  return {
      .name = "saxe-2013",
      .paper = "Saxe et al. 2013",
      .words =
          "Orthogonal weights keep gradient norms exactly in deep linear nets and make learning time independent of "
          "depth; Gaussian ones of the same scale keep them on average only, and learning slows with depth.",
      .setting = fmt::format(
          "products of {} matrices of {}×{}; linear nets on Fashion-MNIST: steps of batch 64 until the "
          "loss is {}, best of {} learning rates ∝ 1/depth, at most {} steps, mean of {} seeds",
          factors, width, width, target_loss, std::size(rates), most_steps, seeds),
      .predict =
          [] {
            return std::vector<Prediction>{
                {.what = "orthogonal: ln of the product's largest / least singular value",
                 .formula = "0",
                 .margin = 1e-3},
                {.what = "Gaussian: largest singular value's growth, ln a layer",
                 .formula = "(ψ(n/2) - ln(n/2))/2",
                 .figure = gaussian_exponent(1),
                 .margin = 0.02},
                {.what = "Gaussian: least singular value's growth, ln a layer",
                 .formula = "(ψ(1/2) - ln(n/2))/2",
                 .figure = gaussian_exponent(width),
                 .share = 0.08},
                {.what = "orthogonal, 100 layers: gradient norm, first / last layer",
                 .formula = "1",
                 .figure = 1,
                 .margin = 1e-3},
                {.what = fmt::format("orthogonal: learning time, {} / {} layers", deep, shallow),
                 .formula = "independent of depth",
                 .figure = 1,
                 .margin = 0.4},
                {.what = fmt::format("Gaussian: learning time, {} / {} layers", deep, shallow),
                 .formula = "grows with depth",
                 .figure = 2,
                 .relation = Relation::at_least}};
          },
      .measure =
          [setup] {
            const auto isometric = exponents(init::orthogonal(), setup.seed_of(0));
            const auto gaussian =
                exponents(init::normal({.std = 1 / std::sqrt(static_cast<double>(width))}), setup.seed_of(0));
            const auto gradients =
                propagate(setup, linear_net(100), "orthogonal", unit_images(setup, 64), 1).backward;
            const auto times_longer = [&](const char* plan) {
              return learning_time(setup, deep, plan) / learning_time(setup, shallow, plan);
            };
            return std::vector<double>{
                factors * (isometric.front() - isometric.back()),
                gaussian.front(),
                gaussian.back(),
                gradients.front() / gradients.back(),
                times_longer("orthogonal"),
                times_longer("variance_scaling(scale=1, mode=fan_in, distribution=normal)")};
          }};
}

}  // namespace fanin::claims
