#include "framework/lab/signal.hpp"

#include <algorithm>
#include <cmath>

#include "framework/autograd/node.hpp"
#include "framework/core/moments.hpp"
#include "framework/ops/loss.hpp"

namespace fanin::lab {
namespace {

struct Seen {
  std::string layer;
  Tensor output;
};

/// Puts the model back as it was: a look must not change what is looked at.
class Restore {
 public:
  explicit Restore(nn::Module& model) : model_(model), training_(model.training()) {
    for (auto& [name, buffer] : model_.named_buffers()) buffers_.push_back(buffer.clone());
    for (auto& [name, generator] : model_.named_generators()) generators_.push_back(*generator);
    model_.train();
  }
  ~Restore() {
    std::size_t i = 0;
    for (auto& [name, buffer] : model_.named_buffers()) buffer.copy_from(buffers_[i++]);
    i = 0;
    for (auto& [name, generator] : model_.named_generators()) *generator = generators_[i++];
    for (auto& one : model_.named_parameters()) one.parameter->value.zero_grad();
    model_.train(training_);
  }
  Restore(const Restore&) = delete;
  Restore& operator=(const Restore&) = delete;

 private:
  nn::Module& model_;
  bool training_;
  std::vector<Tensor> buffers_;
  std::vector<Generator> generators_;
};

/// Share of units — columns of [N, C], channels of [N, C, H, W] — that say the same to every sample.
double dead_share(const Tensor& output) {
  const Index batch = output.size(0), units = output.size(1), area = output.numel() / (batch * units);
  Index dead = 0;
  for (Index unit = 0; unit < units; ++unit) {
    real low = output.data()[unit * area], high = low;
    for (Index n = 0; n < batch; ++n) {
      const real* at = output.data() + (n * units + unit) * area;
      const auto [least, most] = std::minmax_element(at, at + area);
      low = std::min(low, *least);
      high = std::max(high, *most);
    }
    dead += !(high - low > real(1e-6) * std::max(std::abs(low), std::abs(high)));
  }
  return static_cast<double>(dead) / static_cast<double>(units);
}

double norm(const Tensor& gradient) {
  double squares = 0;
  for (const real g : gradient.values()) squares += static_cast<double>(g) * static_cast<double>(g);
  return std::sqrt(squares);
}

}  // namespace

std::vector<LayerProfile> signal_profile(nn::Module& model, const Tensor& images, std::span<const std::int32_t> labels) {
  const Restore restore(model);
  const auto modules = model.named_modules();
  std::vector<Seen> seen;
  const auto look = [&](nn::Module& module, const Tensor& output) {
    if (!module.children().empty() || output.rank() < 2) return;
    const auto& own = module.own_parameters();
    const bool matrix = std::any_of(own.begin(), own.end(), [](auto& p) { return p->value.rank() >= 2; });
    retain_grad(output);
    if (matrix) {
      const auto named = std::find_if(modules.begin(), modules.end(), [&](auto& one) { return one.module == &module; });
      seen.push_back({named == modules.end() ? module.kind() : named->name, output});
    } else if (!seen.empty() && seen.back().output.shape() == output.shape()) {
      seen.back().output = output;  // normalisation or activation behind the layer
    }
  };
  {
    const nn::Observer observer(look);
    ops::cross_entropy(model(images), labels).backward();
  }
  std::vector<LayerProfile> profile;
  for (const auto& [layer, output] : seen) {
    const auto [mean, std] = moments(output.values());
    const Tensor gradient = retained_grad(output);
    profile.push_back({.layer = layer,
                       .activation_mean = mean,
                       .activation_std = std,
                       .gradient_norm = gradient.defined() ? norm(gradient) : 0,
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

}  // namespace fanin::lab
