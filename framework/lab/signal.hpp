#pragma once
#include <span>
#include <vector>

#include "framework/lab/results.hpp"
#include "framework/nn/module.hpp"

namespace fanin::lab {

/// One forward and backward pass of cross-entropy over a batch, seen layer by layer: for every layer with a
/// weight matrix, its output after the activation that follows it, and the loss's gradient with respect to
/// that output. A unit counts as dead when its output is the same, to 1 part in 10^6, for the whole batch:
/// zero behind a ReLU, or saturated. Runs in training mode; the model's statistics, generators and mode are
/// as before afterwards, its gradients forgotten.
std::vector<LayerProfile> signal_profile(nn::Module& model, const Tensor& images,
                                         std::span<const std::int32_t> labels);

/// Equal-width bins from the smallest to the largest value; values that are not finite are left out.
Histogram histogram(std::span<const real> values, int bins = 40);

}  // namespace fanin::lab
