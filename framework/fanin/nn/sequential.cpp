#include <fanin/nn/sequential.hpp>

namespace fanin::nn {

Tensor Sequential::forward(const Tensor& x) {
  Tensor y = x;
  const auto& layers = children();
  for (std::size_t i = 0; i < layers.size(); ++i) {
    Module& layer = *layers[i].second;
    const auto behind = [&](std::size_t steps) {
      return i + steps < layers.size() ? layers[i + steps].second.get() : nullptr;
    };
    const bool fuse = layer.can_fuse() && !Observer::active() && behind(1);
    const auto activation = fuse ? behind(1)->as_activation() : std::nullopt;
    if (!activation) {
      y = layer(y);
    } else if (layer.can_fuse_pool() && *activation == Activation{Activation::Kind::relu} && behind(2) &&
               behind(2)->is_max_pool_by_2()) {
      y = layer.fused_pool(y);
      i += 2;
    } else {
      y = layer.fused(y, *activation);
      ++i;
    }
  }
  return y;
}

}  // namespace fanin::nn
