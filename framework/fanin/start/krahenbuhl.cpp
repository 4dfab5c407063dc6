#include <algorithm>
#include <cmath>

#include <fanin/core/fail.hpp>
#include <fanin/start/data_dependent.hpp>
#include <fanin/start/refine.hpp>
#include <fanin/start/schemes.hpp>

namespace fanin::start {
namespace {

struct ChannelMoments {
  double mean = 0, std = 0;
};

/// Of channel `c` of [N, C, …], over samples and places.
ChannelMoments moments_of(const Tensor& output, Index c) {
  const Index samples = output.size(0), channels = output.size(1),
              area = output.numel() / (samples * channels);
  const auto over = [&](auto term) {
    double sum = 0;
    for (Index n = 0; n < samples; ++n) {
      const real* at = output.data() + (n * channels + c) * area;
      for (Index i = 0; i < area; ++i) sum += term(static_cast<double>(at[i]));
    }
    return sum / static_cast<double>(samples * area);
  };
  const double mean = over([](double x) { return x; });
  return {mean, std::sqrt(over([mean](double x) { return (x - mean) * (x - mean); }))};
}

/// Krähenbühl et al. 2015, algorithm 1, then 2. A bias of another scheme stays, and with it the channel's
/// mean.
std::vector<std::string> fit_krahenbuhl(const Fitting& fitting) {
  nn::Module& model = fitting.model;
  const std::span<const Fit> fits = fitting.fits;
  const Samples& samples = fitting.samples;
  std::vector<std::string> left(fits.size());
  for (nn::Module* layer : in_run_order(model, fits, samples.images)) {
    const auto own = [&](bool matrix) {
      return std::find_if(fits.begin(), fits.end(), [&](const Fit& f) {
        return f.owner == layer && (f.parameter->value.rank() >= 2) == matrix;
      });
    };
    const auto weight = own(true), bias = own(false);
    const Fit& fit = weight != fits.end() ? *weight : *bias;
    const Tensor output = output_of(model, *layer, samples.images, fit.name);
    if (output.rank() < 2 || output.size(1) != fit.parameter->value.size(0))
      fail("scheme 'krahenbuhl' cannot fit '{}' {}: its layer gives out {}, and not one channel for each row",
           fit.name, fit.parameter->value.shape().to_string(), output.shape().to_string());
    bool any = false;
    for (Index c = 0; c < output.size(1); ++c) {
      const auto [mean, std] = moments_of(output, c);
      const double factor = weight != fits.end() && varies(mean, std)
                                ? fit.scheme.options<KrahenbuhlOptions>().target / std
                                : 1;
      any = any || varies(mean, std);
      if (weight != fits.end()) {
        Tensor& w = weight->parameter->value;
        const auto row = static_cast<std::size_t>(w.numel() / w.size(0));
        scale(w.values().subspan(static_cast<std::size_t>(c) * row, row), factor);
      }
      if (bias != fits.end()) {
        real& b = bias->parameter->value.data()[c];
        b = static_cast<real>((static_cast<double>(b) - mean) * factor);
      }
    }
    if (weight != fits.end() && !any)
      left[static_cast<std::size_t>(weight - fits.begin())] =
          "no channel of its layer's output varies on the batch";
  }
  std::vector<Fit> between;
  std::copy_if(fits.begin(), fits.end(), std::back_inserter(between),
               [](const Fit& f) { return f.scheme.options<KrahenbuhlOptions>().between; });
  equalize_rates(model, between, samples.images, samples.one_stream);
  return left;
}

}  // namespace

init::Initializer krahenbuhl(const KrahenbuhlOptions& options) {
  return init::Initializer("krahenbuhl", options);
}

init::SchemeInfo krahenbuhl_scheme() {
  return {.name = "krahenbuhl",
          .options = {{"target",
                       &KrahenbuhlOptions::target,
                       "standard deviation of each channel's output",
                       {.least = 1e-6}},
                      {"between", &KrahenbuhlOptions::between,
                       "then scale neighbouring layers so that all change equally fast (algorithm 2)"},
                      init::base_option(&KrahenbuhlOptions::base)},
          .summary =
              "data-dependent: every channel's output gets mean 0 and deviation 1 on a batch; all layers "
              "learn equally fast",
          .formula =
              "w ~ base, b = 0; for each layer in the order they run, for each channel: w ← w target/σ, "
              "b ← (b - μ) target/σ (algorithm 1); then w_k ← w_k √(C_k / C), C_k = ‖∂ηᵀz/∂w_k‖ / ‖w_k‖ "
              "with η ~ N(0, 1), C their geometric mean, biases by the product so far: the function "
              "stays (algorithm 2, its fixed point)",
          .paper = "Krähenbühl et al. 2015, Data-dependent initializations of convolutional neural networks",
          .use = "nets without normalisation whose inputs are not centred; it starts as BatchNorm would",
          .fails =
              "last layers of few units on a small batch; a channel that is constant on the batch is left "
              "as drawn; algorithm 2 leaves layers alone that scaling would tell apart: behind tanh, a "
              "normalisation, a shortcut",
          .least_rank = 1,
          .extra_roles = {init::Role::bias},
          .fill = fill_by_base,
          .fit = fit_krahenbuhl};
}

}  // namespace fanin::start
