#include <fanin/core/fail.hpp>
#include <fanin/nn/activation.hpp>
#include <fanin/nn/conv2d.hpp>
#include <fanin/nn/linear.hpp>
#include <fanin/nn/norm.hpp>
#include <fanin/nn/sequential.hpp>
#include <fanin/nn/simple_layers.hpp>

#include "models/families.hpp"

namespace fanin::models {

/// Pairs of 3×3 convolutions between pools, in the manner of VGG (Simonyan & Zisserman 2015).
ModelInfo vgg_small() {
  return {
      .name = "vgg_small",
      .summary = "pairs of 3×3 convolutions between pools, as VGG",
      .example = "vgg_small(width=16, batch_norm=true)",
      .options = {{"width", "16", "channels of the first stage, doubled at each pool"},
                  {"stages", "3", "pairs of convolutions, each followed by a pool"},
                  {"hidden", "128", "units of the hidden layer"},
                  {"batch_norm", "false", "normalise after each convolution"},
                  activation_help()},
      .build = [](const CallOptions& options, const InputSpec& input) -> nn::ModulePtr {
        Index width = options.integer("width", 16, 1, 1024);
        const Index stages = options.integer("stages", 3, 1, 6);
        const Index hidden = options.integer("hidden", 128, 1, 1 << 16);
        const bool batch_norm = options.flag("batch_norm", false);
        const auto activation = activation_option(options);
        if ((input.height >> stages) < 1 || (input.width >> stages) < 1) {
          fail("vgg_small: images of {}×{} are too small for {} pools", input.height, input.width, stages);
        }
        auto net = std::make_shared<nn::Sequential>();
        Index channels = input.channels;
        for (Index stage = 1; stage <= stages; ++stage, width *= 2) {
          for (int half = 1; half <= 2; ++half) {
            const std::string at = fmt::format("{}_{}", stage, half);
            net->add("conv" + at, nn::Conv2d({.in = channels, .out = width, .kernel = 3, .padding = 1}));
            if (batch_norm) net->add("bn" + at, nn::BatchNorm2d({.features = width}));
            net->add("act" + at, nn::ActivationLayer(activation));
            channels = width;
          }
          net->add(fmt::format("pool{}", stage), nn::MaxPool2d());
        }
        net->add("flatten", nn::Flatten());
        net->add("fc1", nn::Linear(channels * (input.height >> stages) * (input.width >> stages), hidden));
        net->add("act_fc1", nn::ActivationLayer(activation));
        net->add("fc2", nn::Linear(hidden, input.classes));
        return net;
      }};
}

}  // namespace fanin::models
