#include <fanin/core/fail.hpp>
#include <fanin/nn/activation.hpp>
#include <fanin/nn/conv2d.hpp>
#include <fanin/nn/linear.hpp>
#include <fanin/nn/norm.hpp>
#include <fanin/nn/residual.hpp>
#include <fanin/nn/sequential.hpp>
#include <fanin/nn/simple_layers.hpp>

#include "models/families.hpp"

namespace fanin::models {
namespace {

/// torchvision's BasicBlock: two 3×3 convolutions and a shortcut; its names are torchvision's too.
nn::Residual basic_block(Index in, Index out, Index stride, nn::Activation activation, bool batch_norm,
                         bool scaled) {
  auto body = std::make_shared<nn::Sequential>();
  body->add(
      "conv1",
      nn::Conv2d({.in = in, .out = out, .kernel = 3, .stride = stride, .padding = 1, .bias = !batch_norm}));
  if (batch_norm) body->add("bn1", nn::BatchNorm2d({.features = out}));
  body->add("act1", nn::ActivationLayer(activation));
  body->add("conv2", nn::Conv2d({.in = out, .out = out, .kernel = 3, .padding = 1, .bias = !batch_norm}));
  if (batch_norm) body->add("bn2", nn::BatchNorm2d({.features = out}));
  std::shared_ptr<nn::Sequential> shortcut;
  if (stride != 1 || in != out) {
    shortcut = std::make_shared<nn::Sequential>();
    shortcut->add("0",
                  nn::Conv2d({.in = in, .out = out, .kernel = 1, .stride = stride, .bias = !batch_norm}));
    if (batch_norm) shortcut->add("1", nn::BatchNorm2d({.features = out}));
  }
  return nn::Residual({.body = body,
                       .shortcut = shortcut,
                       .shortcut_name = "downsample",
                       .activation = activation,
                       .scaled = scaled});
}

}  // namespace

/// The residual net for small images (He et al. 2016, section 4.2): three stages of basic blocks.
ModelInfo resnet_small() {
  return {
      .name = "resnet_small",
      .summary = "three stages of residual blocks, as ResNet for CIFAR",
      .example = "resnet_small(blocks=2, width=16)",
      .options = {{"blocks", "1", "residual blocks a stage"},
                  {"width", "16", "channels of the first stage, doubled in the next two"},
                  {"batch_norm", "true", "normalise after each convolution"},
                  {"branch_scale", "false", "a learnable scalar on each residual branch, for rezero"},
                  activation_help()},
      .build = [](const CallOptions& options, const InputSpec& input) -> nn::ModulePtr {
        const Index blocks = options.integer("blocks", 1, 1, 200);
        const Index first = options.integer("width", 16, 1, 1024);
        const bool batch_norm = options.flag("batch_norm", true);
        const bool scaled = options.flag("branch_scale", false);
        const auto activation = activation_option(options);
        auto net = std::make_shared<nn::Sequential>();
        net->add(
            "conv1",
            nn::Conv2d({.in = input.channels, .out = first, .kernel = 3, .padding = 1, .bias = !batch_norm}));
        if (batch_norm) net->add("bn1", nn::BatchNorm2d({.features = first}));
        net->add("act1", nn::ActivationLayer(activation));
        Index channels = first;
        for (Index stage = 0; stage < 3; ++stage) {
          auto layer = std::make_shared<nn::Sequential>();
          const Index width = first << stage;
          for (Index block = 0; block < blocks; ++block) {
            const Index stride = stage > 0 && block == 0 ? 2 : 1;
            layer->add(std::to_string(block),
                       basic_block(channels, width, stride, activation, batch_norm, scaled));
            channels = width;
          }
          net->add(fmt::format("layer{}", stage + 1), layer);
        }
        net->add("avgpool", nn::AdaptiveAvgPool2d(1, 1));
        net->add("flatten", nn::Flatten());
        net->add("fc", nn::Linear(channels, input.classes));
        return net;
      }};
}

}  // namespace fanin::models
