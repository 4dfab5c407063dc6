#include <fanin/core/fail.hpp>
#include <fanin/nn/activation.hpp>
#include <fanin/nn/linear.hpp>
#include <fanin/nn/norm.hpp>
#include <fanin/nn/sequential.hpp>
#include <fanin/nn/simple_layers.hpp>

#include "models/families.hpp"

namespace fanin::models {

/// Fully connected layers fc1, fc2, …; the last gives the logits.
ModelInfo mlp() {
  return {.name = "mlp",
          .summary = "fully connected layers",
          .example = "mlp(hidden=256-128, activation=relu)",
          .options = {{"hidden", "256-128", "widths of the hidden layers; 0 for none"},
                      activation_help(),
                      {"batch_norm", "false", "normalise before each activation"},
                      {"dropout", "0", "share dropped after each activation, in [0, 1)"}},
          .build = [](const CallOptions& options, const InputSpec& input) -> nn::ModulePtr {
            auto hidden = options.sizes("hidden", {256, 128}, 0, 1 << 16);
            if (hidden == std::vector<Index>{0}) hidden.clear();
            const auto activation = activation_option(options);
            const bool batch_norm = options.flag("batch_norm", false);
            const double dropout = options.number("dropout", 0);
            if (dropout < 0 || dropout >= 1) options.refuse("dropout", "in [0, 1)");
            auto net = std::make_shared<nn::Sequential>();
            net->add("flatten", nn::Flatten());
            Index width = input.features();
            std::size_t number = 1;
            for (const Index next : hidden) {
              if (next < 1) options.refuse("hidden", "widths of at least 1");
              net->add(fmt::format("fc{}", number), nn::Linear(width, next));
              if (batch_norm) net->add(fmt::format("bn{}", number), nn::BatchNorm1d({.features = next}));
              net->add(fmt::format("act{}", number), nn::ActivationLayer(activation));
              if (dropout > 0) net->add(fmt::format("drop{}", number), nn::Dropout(dropout));
              width = next;
              ++number;
            }
            net->add(fmt::format("fc{}", number), nn::Linear(width, input.classes));
            return net;
          }};
}

}  // namespace fanin::models
