#pragma once
#include <functional>
#include <string>
#include <vector>

#include <fanin/kernels/pointwise/activation.hpp>
#include <fanin/nn/module.hpp>

namespace fanin::probe {

/// What a layer with a weight matrix gave out, behind the normalization and activation that follow it.
struct SeenLayer {
  std::string layer = {};               ///< full name
  kernels::Activation activation = {};  ///< behind it; none for the logits
  Tensor output = {};                   ///< a backward pass keeps its gradient (`retained_grad`)
  nn::Module* module = nullptr;         ///< the layer itself
};

/// The layers that `pass` runs, in their order. Layers are not fused meanwhile, so that each output is seen
/// as it is.
std::vector<SeenLayer> watch_layers(nn::Module& model, const std::function<void()>& pass);

}  // namespace fanin::probe
