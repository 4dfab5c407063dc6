#include <algorithm>
#include <cmath>

#include <fanin/autograd/node.hpp>
#include <fanin/core/moments.hpp>
#include <fanin/ops/loss.hpp>
#include <fanin/probe/signal.hpp>
#include <fanin/probe/units.hpp>
#include <fanin/probe/watch.hpp>
#include <fanin/start/keep_state.hpp>

namespace fanin::probe {
std::vector<LayerProfile> signal_profile(nn::Module& model, const Tensor& images,
                                         std::span<const std::int32_t> labels) {
  const start::KeepState keep(model);
  const auto seen = watch_layers(model, [&] { ops::cross_entropy(model(images), labels).backward(); });
  std::vector<LayerProfile> profile;
  for (const auto& [layer, activation, output, module] : seen) {
    const auto [mean, std] = moments(output.values());
    const Tensor gradient = retained_grad(output);
    profile.push_back({.layer = layer,
                       .activation_mean = mean,
                       .activation_std = std,
                       .gradient_norm = gradient.defined() ? norm(gradient.values()) : 0,
                       .dead_share = dead_share(output)});
  }
  return profile;
}

Histogram histogram(std::span<const real> values, int bins) {
  Histogram result;
  bool any = false;
  for (const real value : values) {
    const auto v = static_cast<double>(value);
    if (!std::isfinite(v)) continue;
    result.low = any ? std::min(result.low, v) : v;
    result.high = any ? std::max(result.high, v) : v;
    any = true;
  }
  if (!any) return result;
  if (result.low == result.high) {  // a constant: one bar of a visible width
    const double half = std::max(std::abs(result.low) * 0.05, 1e-3);
    result.low -= half;
    result.high += half;
  }
  result.counts.assign(static_cast<std::size_t>(bins), 0);
  const double scale = bins / (result.high - result.low);
  for (const real value : values) {
    const auto v = static_cast<double>(value);
    if (!std::isfinite(v)) continue;
    const int bin = std::clamp(static_cast<int>((v - result.low) * scale), 0, bins - 1);
    ++result.counts[static_cast<std::size_t>(bin)];
  }
  return result;
}

}  // namespace fanin::probe
