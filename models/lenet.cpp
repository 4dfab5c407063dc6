#include <fanin/core/fail.hpp>
#include <fanin/nn/activation.hpp>
#include <fanin/nn/conv2d.hpp>
#include <fanin/nn/linear.hpp>
#include <fanin/nn/sequential.hpp>
#include <fanin/nn/simple_layers.hpp>

#include "models/families.hpp"

namespace fanin::models {

/// LeNet-5 (LeCun et al. 1998) with 5×5 convolutions of 6 and 16 channels, 2×2 pools and 120-84 hidden units.
ModelInfo lenet() {
  return {.name = "lenet",
          .summary = "LeNet-5: two convolutions, three fully connected layers",
          .example = "lenet(activation=tanh, pool=avg)",
          .options = {activation_help(), {"pool", "max", "max or avg"}},
          .build = [](const CallOptions& options, const InputSpec& input) -> nn::ModulePtr {
            const auto activation = activation_option(options);
            const bool average = options.word("pool", "max", {"max", "avg"}) == "avg";
            const auto after_pools = [](Index size) { return ((size / 2) - 4) / 2; };
            const Index height = after_pools(input.height), width = after_pools(input.width);
            if (height < 1 || width < 1)
              fail("lenet needs images of at least 12×12, got {}×{}", input.height, input.width);
            auto net = std::make_shared<nn::Sequential>();
            const auto pool = [&](const char* name) {
              if (average)
                net->add(name, nn::AvgPool2d());
              else
                net->add(name, nn::MaxPool2d());
            };
            net->add("conv1", nn::Conv2d({.in = input.channels, .out = 6, .kernel = 5, .padding = 2}));
            net->add("act1", nn::ActivationLayer(activation));
            pool("pool1");
            net->add("conv2", nn::Conv2d({.in = 6, .out = 16, .kernel = 5}));
            net->add("act2", nn::ActivationLayer(activation));
            pool("pool2");
            net->add("flatten", nn::Flatten());
            net->add("fc1", nn::Linear(16 * height * width, 120));
            net->add("act3", nn::ActivationLayer(activation));
            net->add("fc2", nn::Linear(120, 84));
            net->add("act4", nn::ActivationLayer(activation));
            net->add("fc3", nn::Linear(84, input.classes));
            return net;
          }};
}

}  // namespace fanin::models
