#include "models/layer_text.hpp"

#include <functional>
#include <utility>
#include <vector>

#include <fanin/core/expression.hpp>
#include <fanin/core/fail.hpp>
#include <fanin/nn/activation.hpp>
#include <fanin/nn/conv2d.hpp>
#include <fanin/nn/linear.hpp>
#include <fanin/nn/norm.hpp>
#include <fanin/nn/simple_layers.hpp>

namespace fanin::models {
namespace {

constexpr Index most = Index{1} << 24;

/// A size that has to be given.
Index size(const CallOptions& o, const char* key) {
  if (!o.has(key)) fail_usage("the layer needs {}=…", key);
  return o.integer(key, 0, 1, most);
}

template <class LayerOptions>
LayerOptions conv_options(const CallOptions& o) {
  LayerOptions options{.in = size(o, "in"), .out = size(o, "out"), .kernel = size(o, "kernel")};
  options.stride = o.integer("stride", 1, 1, most);
  options.padding = o.integer("padding", 0, 0, most);
  options.dilation = o.integer("dilation", 1, 1, most);
  options.groups = o.integer("groups", 1, 1, most);
  options.bias = o.flag("bias", true);
  return options;
}

struct LayerText {
  std::string name;
  std::vector<std::string> options;
  std::function<nn::ModulePtr(const CallOptions&)> build;
};

const std::vector<std::string> conv_names = {"in",      "out",      "kernel", "stride",
                                             "padding", "dilation", "groups", "bias"};

const std::vector<LayerText> layers = {
    {"linear",
     {"in", "out", "bias"},
     [](const CallOptions& o) {
       return std::make_shared<nn::Linear>(
           nn::LinearOptions{.in = size(o, "in"), .out = size(o, "out"), .bias = o.flag("bias", true)});
     }},
    {"conv2d", conv_names,
     [](const CallOptions& o) { return std::make_shared<nn::Conv2d>(conv_options<nn::Conv2dOptions>(o)); }},
    {"conv_transpose2d", conv_names,
     [](const CallOptions& o) {
       return std::make_shared<nn::ConvTranspose2d>(conv_options<nn::ConvTranspose2dOptions>(o));
     }},
    {"embedding",
     {"count", "dimension"},
     [](const CallOptions& o) {
       return std::make_shared<nn::Embedding>(
           nn::EmbeddingOptions{.count = size(o, "count"), .dimension = size(o, "dimension")});
     }},
    {"batch_norm1d",
     {"features"},
     [](const CallOptions& o) {
       return std::make_shared<nn::BatchNorm1d>(nn::BatchNormOptions{.features = size(o, "features")});
     }},
    {"batch_norm2d",
     {"features"},
     [](const CallOptions& o) {
       return std::make_shared<nn::BatchNorm2d>(nn::BatchNormOptions{.features = size(o, "features")});
     }},
    {"layer_norm",
     {"features"},
     [](const CallOptions& o) {
       return std::make_shared<nn::LayerNorm>(nn::LayerNormOptions{.features = size(o, "features")});
     }},
    {"group_norm",
     {"groups", "channels"},
     [](const CallOptions& o) {
       return std::make_shared<nn::GroupNorm>(
           nn::GroupNormOptions{.groups = size(o, "groups"), .channels = size(o, "channels")});
     }},
    {"prelu",
     {"parameters"},
     [](const CallOptions& o) {
       return std::make_shared<nn::PReLU>(
           nn::PReLUOptions{.parameters = o.integer("parameters", 1, 1, most)});
     }},
};

}  // namespace

nn::ModulePtr build_layer(const std::string& text) {
  const CallExpression call = CallExpression::parse(text);
  std::vector<std::string> names;
  for (const auto& layer : layers) {
    names.push_back(layer.name);
    if (layer.name == call.name) return layer.build(CallOptions(call, "layer", layer.options));
  }
  fail_usage("unknown layer '{}' {}{}", call.name, at_character(text, call.position),
             suggest(call.name, names));
}

}  // namespace fanin::models
