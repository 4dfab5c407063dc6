#include <fanin/core/fail.hpp>
#include <fanin/nn/activation.hpp>
#include <fanin/nn/conv2d.hpp>
#include <fanin/nn/linear.hpp>
#include <fanin/nn/sequential.hpp>
#include <fanin/nn/simple_layers.hpp>

#include "models/families.hpp"

namespace fanin::models {

/// Two 3×3 convolutions, one pool, one hidden layer: the classic MNIST convolutional net.
ModelInfo conv_net() {
  return {.name = "conv_net",
          .summary = "two 3×3 convolutions, a pool and a hidden layer",
          .example = "conv_net(channels=32-64, hidden=128)",
          .options = {{"channels", "32-64", "of the two convolutions"},
                      {"hidden", "128", "units"},
                      activation_help()},
          .build = [](const CallOptions& options, const InputSpec& input) -> nn::ModulePtr {
            const auto channels = options.sizes("channels", {32, 64}, 1, 4096);
            if (channels.size() != 2) options.refuse("channels", "two numbers, such as 32-64");
            const Index hidden = options.integer("hidden", 128, 1, 1 << 16);
            const auto activation = activation_option(options);
            if (input.height < 2 || input.width < 2) fail("conv_net needs images of at least 2×2");
            auto net = std::make_shared<nn::Sequential>();
            net->add("conv1",
                     nn::Conv2d({.in = input.channels, .out = channels[0], .kernel = 3, .padding = 1}));
            net->add("act1", nn::ActivationLayer(activation));
            net->add("conv2", nn::Conv2d({.in = channels[0], .out = channels[1], .kernel = 3, .padding = 1}));
            net->add("act2", nn::ActivationLayer(activation));
            net->add("pool", nn::MaxPool2d());
            net->add("flatten", nn::Flatten());
            net->add("fc1", nn::Linear(channels[1] * (input.height / 2) * (input.width / 2), hidden));
            net->add("act3", nn::ActivationLayer(activation));
            net->add("fc2", nn::Linear(hidden, input.classes));
            return net;
          }};
}

}  // namespace fanin::models
