#pragma once
#include <span>
#include <string>
#include <vector>

#include <fanin/nn/module.hpp>
#include <fanin/train/history.hpp>

namespace fanin::probe {

/// What a probe batch shows of one layer: of its output, and of the loss's gradient with respect to that
/// output.
struct LayerProfile {
  std::string layer = {};
  double activation_mean = train::unknown;
  double activation_std = train::unknown;
  double gradient_norm = train::unknown;
  /// Share of units that are zero (or saturated) on the whole batch, 0..1.
  double dead_share = train::unknown;
};

/// `counts.size()` bins of equal width over [low, high].
struct Histogram {
  double low = 0;
  double high = 0;
  std::vector<Index> counts = {};
};

/// One forward and backward pass of cross-entropy over a batch, seen layer by layer: for every layer with a
/// weight matrix, its output after the activation that follows it, and the loss's gradient with respect to
/// that output. A unit counts as dead when its output is the same, to 1 part in 10^6, for the whole batch:
/// zero behind a ReLU, or saturated. Runs in training mode; the model's statistics, generators and mode are
/// as before afterwards, its gradients forgotten.
std::vector<LayerProfile> signal_profile(nn::Module& model, const Tensor& images,
                                         std::span<const std::int32_t> labels);

/// Equal-width bins from the smallest to the largest value; values that are not finite are left out.
Histogram histogram(std::span<const real> values, int bins = 40);

}  // namespace fanin::probe
