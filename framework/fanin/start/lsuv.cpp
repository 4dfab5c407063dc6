#include <algorithm>
#include <cmath>

#include <fanin/autograd/node.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/core/moments.hpp>
#include <fanin/nn/activation.hpp>
#include <fanin/nn/observer.hpp>
#include <fanin/ops/activation.hpp>
#include <fanin/start/data_dependent.hpp>
#include <fanin/start/refine.hpp>
#include <fanin/start/schemes.hpp>

namespace fanin::start {
namespace {

/// A layer's weight and, where the scheme has it too, its bias.
struct Layer {
  const Fit* weight = nullptr;
  const Fit* bias = nullptr;
};

Layer layer_of(const nn::Module* owner, std::span<const Fit> fits) {
  Layer layer;
  for (const Fit& fit : fits)
    if (fit.owner == owner) (fit.parameter->value.rank() >= 2 ? layer.weight : layer.bias) = &fit;
  return layer;
}

/// The activation that takes the layer's output as it is; none where anything else comes first.
nn::Activation activation_behind(nn::Module& model, const nn::Module& layer, const Tensor& images) {
  nn::Activation found;
  Tensor output;  // held, so that no other is given its place in memory
  bool waiting = false;
  const NoGrad no_grad;
  const nn::Observer observer([&](nn::Module& module, const Tensor& out) {
    if (&module == &layer && !output.defined()) {
      output = out;
      waiting = true;
    } else if (waiting &&
               out.data() !=
                   std::as_const(output).data()) {  // a container that ends with the layer gives out the same
      found = nn::activation_of(module).value_or(nn::Activation{});
      waiting = false;
    }
  });
  model(images);
  return found;
}

/// Adds to each channel, or takes from it.
void add_to_channels(Tensor& output, const Channels& channels, std::span<const real> values, double factor) {
  for (Index i = 0; i < output.numel(); ++i)
    output.data()[i] += static_cast<real>(factor) * values[static_cast<std::size_t>(channels.of(i))];
}

/// The factor by which to scale a weight, between 1e-3 and 1e3, so that its activation has the second moment
/// `target`: the one nearest to 1. None where there is none.
std::optional<double> factor_for(double target, const std::function<double(double)>& second_moment) {
  const bool more = second_moment(1) < target;
  const auto beyond = [&](double factor) { return (second_moment(factor) < target) != more; };
  double near = 1, far = more ? 1.25 : 0.8;
  while (!beyond(far)) {
    near = far;
    far *= more ? 1.25 : 0.8;
    if (far > 1e3 || far < 1e-3) return std::nullopt;
  }
  for (int step = 0; step < 25; ++step) {
    const double middle = std::sqrt(near * far);
    (beyond(middle) ? far : near) = middle;
  }
  return far;
}

/// A layer at work: what it gives out on the batch, and how that is changed.
class Fitted {
 public:
  Fitted(nn::Module& model, nn::Module& layer, const Layer& fits, const Tensor& images)
      : model_(model),
        layer_(layer),
        fits_(fits),
        images_(images),
        options_(fits.weight->scheme.options<LsuvOptions>()) {}

  /// Why it was left as drawn; "" where it was not.
  std::string fit() {
    const nn::Activation behind =
        options_.after_activation ? activation_behind(model_, layer_, images_) : nn::Activation{};
    for (int step = 0; step < options_.steps; ++step) {
      Tensor output = output_of(model_, layer_, images_, fits_.weight->name);
      if (centres()) centre(output);
      const auto [mean, std] = moments(output.values());
      if (!varies(mean, std)) return step == 0 ? "its layer's output does not vary on the batch" : "";
      if (!options_.after_activation) {
        if (std::abs(std * std - options_.target) <= options_.tolerance) break;
        scale_by(std::sqrt(options_.target) / std);
        continue;
      }
      const auto second_moment = [&](double factor) { return second_moment_of(output, behind, factor); };
      if (std::abs(second_moment(1) - options_.target) <= options_.tolerance) break;
      const auto factor = factor_for(options_.target, second_moment);
      if (!factor)
        return fmt::format("no scale gives {} behind it the second moment {}",
                           behind == nn::Activation{} ? "what is" : nn::activation_name(behind),
                           options_.target);
      scale_by(*factor);
    }
    return "";
  }

 private:
  bool centres() const { return options_.center && fits_.bias; }

  /// Moves the bias so that each channel's mean is 0.
  void centre(Tensor& output) {
    const auto bias = fits_.bias->parameter->value.values();
    const Channels channels = channels_of(layer_, output);
    if (channels.count != static_cast<Index>(bias.size()))
      fail("scheme 'lsuv' cannot center '{}': its layer gives out {}, and not one channel for each of its {}",
           fits_.bias->name, output.shape().to_string(), bias.size());
    std::vector<double> sums(bias.size(), 0.0);
    for (Index i = 0; i < output.numel(); ++i)
      sums[static_cast<std::size_t>(channels.of(i))] += static_cast<double>(output.data()[i]);
    const Index places = output.numel() / channels.count;
    std::vector<real> means;
    for (const double sum : sums) means.push_back(static_cast<real>(sum / static_cast<double>(places)));
    add_to_channels(output, channels, means, -1);
    for (std::size_t c = 0; c < bias.size(); ++c) bias[c] -= means[c];
  }

  /// With the weight scaled by `factor`, and the bias with it where the channels are to stay centred.
  double second_moment_of(const Tensor& output, nn::Activation behind, double factor) const {
    const NoGrad no_grad;
    Tensor scaled = output.clone();
    const auto bias = layer_bias();
    const Channels channels = channels_of(layer_, output);
    const bool stays = !centres() && !bias.empty() && channels.count == static_cast<Index>(bias.size());
    if (stays) add_to_channels(scaled, channels, bias, -1);
    scale(scaled.values(), factor);
    if (stays) add_to_channels(scaled, channels, bias, 1);
    const auto [mean, std] = moments(ops::activate(scaled, behind).values());
    return mean * mean + std * std;
  }

  std::span<const real> layer_bias() const {
    for (const auto& own : layer_.own_parameters())
      if (own->role() == init::Role::bias) return std::as_const(own->value).values();
    return {};
  }

  void scale_by(double factor) {
    scale(fits_.weight->parameter->value.values(), factor);
    if (centres()) scale(fits_.bias->parameter->value.values(), factor);
  }

  nn::Module& model_;
  nn::Module& layer_;
  const Layer& fits_;
  const Tensor& images_;
  const LsuvOptions& options_;
};

/// Mishkin & Matas 2015, algorithm 1. A layer with a bias that is not centred may take several corrections, since
/// only the weight is scaled.
std::vector<std::string> fit_lsuv(const Fitting& fitting) {
  std::vector<std::string> left(fitting.fits.size());
  for (nn::Module* layer : in_run_order(fitting.model, fitting.fits, fitting.samples.images)) {
    const Layer fits = layer_of(layer, fitting.fits);
    if (!fits.weight) continue;  // a normalization's bias, zeros
    left[static_cast<std::size_t>(fits.weight - fitting.fits.data())] =
        Fitted(fitting.model, *layer, fits, fitting.samples.images).fit();
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
                  init::base_option(&LsuvOptions::base),
                  {"after_activation", &LsuvOptions::after_activation,
                   "the target is the second moment behind the activation that follows, if one does"},
                  {"center", &LsuvOptions::center, "the bias first gives every channel mean 0"}},
      .summary =
          "layer-sequential unit variance: each layer in turn scaled until its output has variance 1 "
          "on a batch",
      .formula =
          "w ~ base, b = 0; for each layer in the order they run: w ← w √(target / Var(output)) until "
          "|Var(output) - target| ≤ tolerance; after_activation: w ← s w with E[f(output)²] = target",
      .paper = "Mishkin & Matas 2015, All you need is a good init (tolerance 0.1 there)",
      .use = "deep nets of any activation, without working out a gain; nets without normalisation",
      .fails =
          "a batch unlike the data, or a layer that is dead on it: it is left as drawn; a spread that "
          "differs much between channels stays; behind the activation the second moment is that of no draw "
          "(±11 % behind silu), after_activation fits it, where the activation can have it: tanh's is below 1",
      .least_rank = 1,
      .extra_roles = {init::Role::bias},
      .fill = fill_by_base,
      .fit = fit_lsuv};
}

}  // namespace fanin::start
