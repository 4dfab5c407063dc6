#pragma once
#include <string>
#include <vector>

#include <fanin/core/tensor.hpp>

#include "examples/claims/experiments.hpp"

namespace fanin::claims {

/// Real images with their labels, each image shifted and scaled to mean 0 and mean square 1, so that theory
/// knows the second moment that enters the first layer.
struct Images {
  Tensor pixels;  ///< [n, 1, 28, 28]
  std::vector<std::int32_t> labels;
};
Images unit_images(const Setup& setup, Index count);

/// The size of signal and gradient behind each hidden layer (and its activation), nearest the input first:
/// root mean squares over the batch and the units, in the geometric mean over the draws.
struct Profile {
  std::vector<double> forward, backward;
};
/// Draws `model` (a text) by `plan` `draws` times, fitted to the images where the plan asks for that, and sends them
/// through and the loss's gradient back.
Profile propagate(const Setup& setup, const std::string& model, const std::string& plan, const Images& images,
                  int draws);

}  // namespace fanin::claims
