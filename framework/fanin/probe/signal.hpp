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
  std::string layer = {};                   ///< full name
  double activation_mean = train::unknown;  ///< of all outputs
  double activation_std = train::unknown;   ///< of all outputs
  double gradient_norm = train::unknown;    ///< Euclidean, of d loss / d output
  /// Share of units that are zero (or saturated) on the whole batch, 0..1.
  double dead_share = train::unknown;
};

/// How often values of each size are there.
struct Histogram {
  double low = 0;                  ///< where the first bin begins
  double high = 0;                 ///< where the last one ends
  std::vector<Index> counts = {};  ///< of bins of equal width; empty where no value was finite
};

/// One forward and backward pass of cross-entropy over a batch, seen layer by layer: for every layer with a
/// weight matrix, its output after the activation that follows it, and the loss's gradient with respect to
/// that output. A unit counts as dead when its output is the same, to 1 part in 10^6, for the whole batch:
/// zero behind a ReLU, or saturated. Runs in training mode; the model's statistics, generators and mode are
/// as before afterwards, its gradients forgotten.
std::vector<LayerProfile> signal_profile(nn::Module& model, const Tensor& images,
                                         std::span<const std::int32_t> labels);

/// `bins` ≥ 1 of equal width from the smallest to the largest value; values that are not finite are left out.
/// Where all are equal, the bins stand around them.
Histogram histogram(std::span<const real> values, int bins = 40);

}  // namespace fanin::probe
