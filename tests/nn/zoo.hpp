#pragma once
// Small models that between them have every layer type, and a layer whose parameters are drawn in an order of
// their own.
#include <fanin/nn/activation.hpp>
#include <fanin/nn/conv2d.hpp>
#include <fanin/nn/linear.hpp>
#include <fanin/nn/norm.hpp>
#include <fanin/nn/sequential.hpp>
#include <fanin/nn/simple_layers.hpp>

namespace fanin {

/// As torch.nn.MultiheadAttention declares and draws its parameters; it computes nothing.
class Attention final : public nn::Module {
 public:
  explicit Attention(Index width) {
    add_parameter("in_proj_weight", {3 * width, width}, init::xavier_uniform(), {width, 3 * width});
    add_parameter("in_proj_bias", {3 * width}, init::zeros(), {width, 3 * width});
    add_child("out_proj", std::make_shared<nn::Linear>(
                              nn::LinearOptions{.in = width, .out = width, .bias_init = init::zeros()}));
    draw_in_order({"out_proj", "in_proj_weight"});
  }
  std::string kind() const override { return "Attention"; }

 protected:
  Tensor forward(const Tensor& x) override { return x; }
};

/// Every layer type with parameters; with fewer than 16 normals before others, so that a cached sine is at
/// stake.
inline nn::ModulePtr zoo() {
  auto net = std::make_shared<nn::Sequential>();
  net->add("words", nn::Embedding({.count = 1, .dimension = 3}))
      .add("attention", Attention(4))
      .add("more", nn::Embedding({.count = 3, .dimension = 3}))
      .add("conv", nn::Conv2d({.in = 2, .out = 4, .kernel = 3, .groups = 2}))
      .add("norm", nn::BatchNorm2d({.features = 4}))
      .add("table", nn::Embedding({.count = 9, .dimension = 5}))
      .add("up", nn::ConvTranspose2d({.in = 4, .out = 2, .kernel = 2}))
      .add("slope", nn::PReLU({.parameters = 2}))
      .add("groups", nn::GroupNorm({.groups = 1, .channels = 2}))
      .add("odd", nn::Embedding({.count = 1, .dimension = 1}))
      .add("fc1", nn::Linear(6, 5))
      .add("layer", nn::LayerNorm({.features = 5}))
      .add("bare", nn::Linear({.in = 5, .out = 4, .bias = false}))
      .add("last", nn::Embedding({.count = 2, .dimension = 2}))
      .add("fc2", nn::Linear(4, 3));
  return net;
}

}  // namespace fanin
