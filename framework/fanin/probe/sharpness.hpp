#pragma once
#include <cstdint>
#include <span>

#include <fanin/nn/module.hpp>

namespace fanin::probe {

/// How sharpness is looked for.
struct SharpnessOptions {
  Index samples = 128;  ///< the first of the batch
  int iterations = 6;   ///< of the power method, two gradients each; it ends earlier where nothing changes
};

/// The eigenvalue of largest size of the Hessian of cross-entropy by all weights that train, over the batch
/// and in training mode: power iterations from the gradient on, H v by central differences of it, so a
/// lower bound that is within some percent after a few. Gradient descent is stable along that direction
/// below a rate of 2 / sharpness, and at rates far above it networks diverge in the first steps (Cohen et
/// al. 2021, Gradient descent on neural networks typically occurs at the edge of stability; Gilmer et al.
/// 2021, A loss curvature perspective on training instability). 0 where the gradient is zero throughout;
/// NaN where gradients overflow. The model is unchanged afterwards. Error for an empty batch or parameters
/// without values.
double sharpness(nn::Module& model, const Tensor& images, std::span<const std::int32_t> labels,
                 const SharpnessOptions& options = {});

}  // namespace fanin::probe
