#include <cmath>

#include <fanin/start/data_dependent.hpp>
#include <fanin/start/flat_values.hpp>
#include <fanin/start/refine.hpp>
#include <fanin/start/schemes.hpp>

namespace fanin::start {
double gradient_quotient(nn::Module& model, std::span<const Fit> fits, const Samples& samples) {
  constexpr double relative_step = 1e-3, epsilon = 1e-5;
  const Parameters of = parameters_of(fits);
  const Numbers at = values_of(of), gradient = gradient_of(model, of, samples);
  const double length = norm(gradient);
  if (!std::isfinite(length)) return length;
  const double step = length > 0 ? relative_step * norm(at) / length : 0;
  if (!(step > 0) || !std::isfinite(step)) return 1;  // no gradient anywhere: H g is 0 as well
  set_values(of, moved(at, step, gradient));
  const Numbers there = gradient_of(model, of, samples);
  set_values(of, at);
  double sum = 0;
  for (std::size_t i = 0; i < at.size(); ++i) {
    const double g = gradient[i], product = (there[i] - g) / step;
    sum += std::abs((g - product) / (g + (g >= 0 ? epsilon : -epsilon)) - 1);
  }
  return sum / static_cast<double>(at.size());
}

namespace {

/// Descent by signs on the logarithms of the weights' norms, as the paper's on the norms; the best point seen
/// is kept.
std::vector<std::string> fit_metainit(const Fitting& fitting) {
  nn::Module& model = fitting.model;
  const std::span<const Fit> fits = fitting.fits;
  const Samples& samples = fitting.samples;
  constexpr double probe = 0.05;  // of a logarithm, for the difference that stands for the derivative
  const Parameters of = parameters_of(fits);
  const Numbers base = values_of(of);
  const auto scale_by = [&](Numbers logarithms) {
    for (double& one : logarithms) one = std::exp(one);
    set_values(of, scaled(of, base, logarithms));
  };
  const auto quotient_at = [&](const Numbers& logarithms) {
    scale_by(logarithms);
    return gradient_quotient(model, fits, samples);
  };
  Numbers here(fits.size(), 0.0), best = here;
  double value = quotient_at(here), least = value;
  const auto& options = fits.front().scheme.options<MetaInitOptions>();
  const bool moves = std::isfinite(value);
  for (int step = 0; step < options.steps && std::isfinite(value); ++step) {
    Numbers next = here;
    for (std::size_t k = 0; k < fits.size(); ++k) {
      Numbers aside = here;
      aside[k] += probe;
      const double change = quotient_at(aside) - value;
      if (change != 0) next[k] -= options.lr * (change > 0 ? 1 : -1);
    }
    here = next;
    value = quotient_at(here);
    if (value < least) {
      least = value;
      best = here;
    }
  }
  scale_by(best);
  return std::vector<std::string>(fits.size(),
                                  moves ? "" : "the gradient quotient of this start is not a finite number");
}

}  // namespace

init::Initializer metainit(const MetaInitOptions& options) { return init::Initializer("metainit", options); }

init::SchemeInfo metainit_scheme() {
  return {
      .name = "metainit",
      .options = {{"steps",
                   &MetaInitOptions::steps,
                   "steps of descent on the weights' norms",
                   {.least = 1, .most = 1000}},
                  {"lr",
                   &MetaInitOptions::lr,
                   "how far a step moves the logarithm of a norm",
                   {.least = 1e-6, .most = 1}},
                  init::base_option(&MetaInitOptions::base)},
      .summary = "learns the size of each weight so that a gradient step changes the gradient least",
      .formula =
          "w ~ base; log‖w‖ ← log‖w‖ - lr sign(∂GQ/∂log‖w‖) for each weight, the best of all steps kept; "
          "GQ = mean |(g - H g)/(g + ε) - 1|",
      .paper =
          "Dauphin & Schoenholz 2019, MetaInit: initializing learning by learning to initialize; here "
          "H g and GQ's gradient are finite differences, in place of a second backward pass",
      .use = "nets for which no gain is known; each step costs 2 passes for every weight and 2 more",
      .fails =
          "deep plain ReLU nets: the quotient falls as gradients do, so it makes a good start worse (20 × 64 from "
          "kaiming_normal: 75 % becomes 35 % by the paper's own steps with exact derivatives in PyTorch, too); large "
          "models (cost); small batches and saturated nets, where the gradient is mostly noise",
      .least_rank = 2,
      .fill = fill_by_base,
      .fit = fit_metainit};
}

}  // namespace fanin::start
