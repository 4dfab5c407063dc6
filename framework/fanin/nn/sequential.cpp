#include <span>

#include <fanin/nn/activation.hpp>
#include <fanin/nn/conv2d.hpp>
#include <fanin/nn/linear.hpp>
#include <fanin/nn/observer.hpp>
#include <fanin/nn/sequential.hpp>
#include <fanin/nn/simple_layers.hpp>

namespace fanin::nn {
namespace {

using Layers = std::span<const std::pair<std::string, ModulePtr>>;

template <class Layer>
const Layer* as(const std::pair<std::string, ModulePtr>& child) {
  return dynamic_cast<const Layer*>(child.second.get());
}

template <class Layer>
std::optional<Tensor> with_activation(Layers layers, const Tensor& x) {
  const auto* layer = as<Layer>(layers[0]);
  const auto* behind = as<ActivationLayer>(layers[1]);
  if (!layer || !behind) return std::nullopt;
  return layer->run_activated(x, behind->activation());
}

std::optional<Tensor> convolution_relu_pool(Layers layers, const Tensor& x) {
  const auto* convolution = as<Conv2d>(layers[0]);
  const auto* behind = as<ActivationLayer>(layers[1]);
  const auto* pool = as<MaxPool2d>(layers[2]);
  if (!convolution || !behind || behind->activation() != Activation{Activation::Kind::relu} || !pool ||
      !pool->tiles_by_2())
    return std::nullopt;
  return convolution->run_relu_max_pool(x);
}

/// Layers in a row that run in one pass.
struct Fusion {
  std::size_t length;
  /// What so many layers make of x; none where they are others.
  std::optional<Tensor> (*run)(Layers layers, const Tensor& x);
};
constexpr Fusion fusions[] = {
    {3, convolution_relu_pool}, {2, with_activation<Conv2d>}, {2, with_activation<Linear>}};

/// Runs the first of `layers` on x, or as many as fuse; says how many.
std::size_t run_first(Layers layers, Tensor& x) {
  if (!Observer::active()) {
    for (const Fusion& fusion : fusions) {
      if (layers.size() < fusion.length) continue;
      if (auto y = fusion.run(layers.first(fusion.length), x)) {
        x = std::move(*y);
        return fusion.length;
      }
    }
  }
  x = (*layers[0].second)(x);
  return 1;
}

}  // namespace

Tensor Sequential::forward(const Tensor& x) {
  Tensor y = x;
  for (Layers rest = children(); !rest.empty();) rest = rest.subspan(run_first(rest, y));
  return y;
}

}  // namespace fanin::nn
