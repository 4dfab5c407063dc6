#include <fanin/core/fail.hpp>
#include <fanin/nn/activation.hpp>
#include <fanin/nn/conv2d.hpp>
#include <fanin/nn/linear.hpp>
#include <fanin/nn/sequential.hpp>
#include <fanin/nn/simple_layers.hpp>

#include "models/families.hpp"

namespace fanin::models {
namespace {

nn::ModulePtr build_dense(Index depth, Index width, nn::Activation activation, const InputSpec& input) {
  auto net = std::make_shared<nn::Sequential>();
  net->add("flatten", nn::Flatten());
  Index features = input.features();
  for (Index i = 1; i <= depth; ++i) {
    net->add(fmt::format("fc{}", i), nn::Linear(features, width));
    net->add(fmt::format("act{}", i), nn::ActivationLayer(activation));
    features = width;
  }
  net->add("out", nn::Linear(features, input.classes));
  return net;
}

/// Two strided convolutions bring the image to a quarter of its side; the rest keep it (as Xiao et al. 2018).
nn::ModulePtr build_conv(Index depth, Index width, nn::Activation activation, const InputSpec& input) {
  auto net = std::make_shared<nn::Sequential>();
  Index channels = input.channels;
  for (Index i = 1; i <= depth; ++i) {
    const Index stride = i <= 2 ? 2 : 1;
    net->add(fmt::format("conv{}", i),
             nn::Conv2d({.in = channels, .out = width, .kernel = 3, .stride = stride, .padding = 1}));
    net->add(fmt::format("act{}", i), nn::ActivationLayer(activation));
    channels = width;
  }
  net->add("avgpool", nn::AdaptiveAvgPool2d(1, 1));
  net->add("flatten", nn::Flatten());
  net->add("out", nn::Linear(channels, input.classes));
  return net;
}

}  // namespace

/// Equal layers in a row without shortcuts or normalization: how deep a signal reaches is up to the
/// initializer alone.
ModelInfo plain_net() {
  return {.name = "plain_net",
          .summary = "many equal layers in a row: shows what an initializer does to depth",
          .example = "plain_net(depth=20, width=256, activation=tanh)",
          .options = {{"depth", "20", "hidden layers"},
                      {"width", "256", "units, or channels with conv=true (default then 32)"},
                      activation_help("tanh"),
                      {"conv", "false", "3×3 convolutions in place of fully connected layers"}},
          .build = [](const CallOptions& options, const InputSpec& input) {
            const Index depth = options.integer("depth", 20, 1, 10'000);
            const bool conv = options.flag("conv", false);
            const Index width = options.integer("width", conv ? 32 : 256, 1, 1 << 16);
            const auto activation = activation_option(options, "tanh");
            return conv ? build_conv(depth, width, activation, input)
                        : build_dense(depth, width, activation, input);
          }};
}

}  // namespace fanin::models
