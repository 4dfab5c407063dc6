#include "framework/nn/sequential.hpp"

namespace fanin::nn {

Tensor Sequential::forward(const Tensor& x) {
  Tensor y = x;
  const auto& layers = children();
  for (std::size_t i = 0; i < layers.size(); ++i) {
    Module& layer = *layers[i].second;
    const bool fuse = layer.can_fuse() && !Observer::active() && i + 1 < layers.size();
    const auto activation = fuse ? layers[i + 1].second->as_activation() : std::nullopt;
    if (activation) ++i;
    y = activation ? layer.fused(y, *activation) : layer(y);
  }
  return y;
}

}  // namespace fanin::nn
