#include <algorithm>
#include <cmath>

#include <fanin/core/moments.hpp>
#include <fanin/start/data_dependent.hpp>
#include <fanin/start/refine.hpp>
#include <fanin/start/schemes.hpp>

namespace fanin::start {
namespace {

/// Mishkin & Matas 2015, algorithm 1. A layer with a bias may take several corrections, since only the weight
/// is scaled.
std::vector<std::string> fit_lsuv(const Fitting& fitting) {
  nn::Module& model = fitting.model;
  const std::span<const Fit> fits = fitting.fits;
  const Samples& samples = fitting.samples;
  std::vector<std::string> left(fits.size());
  for (nn::Module* layer : in_run_order(model, fits, samples.images)) {
    const auto found = std::find_if(fits.begin(), fits.end(), [&](const Fit& f) { return f.owner == layer; });
    const Fit& fit = *found;
    const auto& options = fit.scheme.options<LsuvOptions>();
    for (int step = 0; step < options.steps; ++step) {
      const auto [mean, std] = moments(output_of(model, *layer, samples.images, fit.name).values());
      if (step == 0 && !varies(mean, std))
        left[static_cast<std::size_t>(found - fits.begin())] =
            "its layer's output does not vary on the batch";
      if (!varies(mean, std) || std::abs(std * std - options.target) <= options.tolerance) break;
      scale(fit.parameter->value.values(), std::sqrt(options.target) / std);
    }
  }
  return left;
}

}  // namespace

init::Initializer lsuv(const LsuvOptions& options) { return init::Initializer("lsuv", options); }

init::SchemeInfo lsuv_scheme() {
  return {
      .name = "lsuv",
      .options = {{"target", &LsuvOptions::target, "variance of each layer's output", {.least = 1e-12}},
                  {"tolerance", &LsuvOptions::tolerance, "how near is near enough", {.least = 0}},
                  {"steps", &LsuvOptions::steps, "corrections a layer, at most", {.least = 1, .most = 1000}},
                  init::base_option(&LsuvOptions::base)},
      .summary =
          "layer-sequential unit variance: each layer in turn scaled until its output has variance 1 "
          "on a batch",
      .formula =
          "w ~ base; for each layer in the order they run: w ← w √(target / Var(output)) until "
          "|Var(output) - target| ≤ tolerance",
      .paper = "Mishkin & Matas 2015, All you need is a good init (tolerance 0.1 there)",
      .use = "deep nets of any activation, without working out a gain; nets without normalisation",
      .fails =
          "a batch unlike the data, or a layer that is dead on it: it is left as drawn; a spread that "
          "differs much between channels stays",
      .least_rank = 2,
      .fill = fill_by_base,
      .fit = fit_lsuv};
}

}  // namespace fanin::start
