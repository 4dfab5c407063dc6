#include <algorithm>
#include <cmath>
#include <string_view>

#include <fanin/core/fail.hpp>
#include <fanin/start/data_dependent.hpp>
#include <fanin/start/graph.hpp>
#include <fanin/start/refine.hpp>
#include <fanin/start/schemes.hpp>

namespace fanin::start {
namespace {

struct ChannelMoments {
  double mean = 0, std = 0;
};

/// Of each channel, over samples and places.
std::vector<ChannelMoments> moments_of(const Tensor& output, const Channels& channels) {
  std::vector<ChannelMoments> all(static_cast<std::size_t>(channels.count));
  const Index places = output.numel() / channels.count;
  const auto each = static_cast<double>(places);
  const auto add = [&](double ChannelMoments::*sum, auto term) {
    for (Index i = 0; i < output.numel(); ++i) {
      auto& one = all[static_cast<std::size_t>(channels.of(i))];
      one.*sum += term(static_cast<double>(output.data()[i]), one);
    }
  };
  add(&ChannelMoments::mean, [](double x, const ChannelMoments&) { return x; });
  for (auto& one : all) one.mean /= each;
  add(&ChannelMoments::std,
      [](double x, const ChannelMoments& one) { return (x - one.mean) * (x - one.mean); });
  for (auto& one : all) one.std = std::sqrt(one.std / each);
  return all;
}

/// The channels that a weight gives, and which of them an element works for: its row or its column.
class WeightChannels {
 public:
  WeightChannels(const Graph& graph, const std::string& name, const Tensor& weight, Index channels)
      : weight_(weight), row_(weight.numel() / weight.size(0)), taps_(row_ / weight.size(1)) {
    for (const GraphOp& op : graph.ops) {
      if (op.weight != name) continue;
      columns_ = op.by_columns;
      if (op.ran.name == std::string_view("conv_transpose2d") && channels % weight.size(1) == 0)
        groups_ = channels / weight.size(1);
      break;
    }
  }
  Index count() const { return columns_ ? weight_.size(1) * groups_ : weight_.size(0); }
  std::size_t of(Index element) const {
    const Index row = element / row_;
    if (!columns_) return static_cast<std::size_t>(row);
    const Index group = row / (weight_.size(0) / groups_);
    return static_cast<std::size_t>(group * weight_.size(1) + element / taps_ % weight_.size(1));
  }

 private:
  const Tensor& weight_;
  Index row_, taps_, groups_ = 1;
  bool columns_ = false;
};

/// Krähenbühl et al. 2015, algorithm 1, then 2. A bias of another scheme stays, and with it the channel's
/// mean.
std::vector<std::string> fit_krahenbuhl(const Fitting& fitting) {
  nn::Module& model = fitting.model;
  const std::span<const Fit> fits = fitting.fits;
  const Samples& samples = fitting.samples;
  std::vector<std::string> left(fits.size());
  const Graph graph = traced(model, samples.images.view_rows(0, std::min<Index>(samples.images.size(0), 2)));
  for (nn::Module* layer : in_run_order(model, fits, samples.images)) {
    const auto own = [&](bool matrix) {
      return std::find_if(fits.begin(), fits.end(), [&](const Fit& f) {
        return f.owner == layer && (f.parameter->value.rank() >= 2) == matrix;
      });
    };
    const auto weight = own(true), bias = own(false);
    const Fit& fit = weight != fits.end() ? *weight : *bias;
    const Tensor output = output_of(model, *layer, samples.images, fit.name);
    const Channels channels = channels_of(*layer, output);
    const auto refuse = [&](const Fit& which) {
      fail("scheme 'krahenbuhl' cannot fit '{}' {}: its layer gives out {}, and not as many channels",
           which.name, which.parameter->value.shape().to_string(), output.shape().to_string());
    };
    if (bias != fits.end() && bias->parameter->value.numel() != channels.count) refuse(*bias);
    const auto moments = moments_of(output, channels);
    std::vector<double> factors;
    bool any = false;
    for (const auto& [mean, std] : moments) {
      any = any || varies(mean, std);
      factors.push_back(weight != fits.end() && varies(mean, std)
                            ? fit.scheme.options<KrahenbuhlOptions>().target / std
                            : 1);
    }
    if (weight != fits.end()) {
      Tensor& w = weight->parameter->value;
      const WeightChannels own_channels(graph, weight->name, w, channels.count);
      if (own_channels.count() != channels.count) refuse(*weight);
      for (Index i = 0; i < w.numel(); ++i)
        w.data()[i] = static_cast<real>(static_cast<double>(w.data()[i]) * factors[own_channels.of(i)]);
    }
    if (bias != fits.end()) {
      const auto values = bias->parameter->value.values();
      for (std::size_t c = 0; c < values.size(); ++c)
        values[c] = static_cast<real>((static_cast<double>(values[c]) - moments[c].mean) * factors[c]);
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
